//! The end of a history: nothing goes wrong any more, everything is driven until it is quiet, and then everything
//! must be as it should.

mod books;
mod counts;
mod phones;
mod tills;

use crate::chance::Chance;
use crate::errands;
use crate::history::World;
use crate::template::Template;
use crate::till::Till;
use bank::Bank;
use model::{Payment, Timestamp};
use records::{PAGE_LIMIT_MAX, Page, Queries, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use store::EmbeddedStore;
use tokio::time::sleep;

/// How often it is looked whether all is quiet.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often at most: a payment that has not ended after these hours never will.
const LOOKS_MAX: usize = 1_000;
/// How often a phone asks for its confirmations once nothing goes wrong any more.
const FETCHES_MAX: usize = 5;

/// How many payments ended in each state.
pub(crate) type Ends = BTreeMap<&'static str, u64>;

/// What is looked at in the end.
pub(crate) struct Remains<'a> {
    pub(crate) world: &'a Arc<World>,
    pub(crate) template: &'a Template,
    pub(crate) store: Arc<EmbeddedStore>,
    pub(crate) bank: Bank,
    pub(crate) payments: Vec<Payment>,
}

/// Drives everything until it is quiet and says what is not as it should be. Gives how many payments ended in each
/// state.
pub(crate) async fn settle_and_check(world: &Arc<World>, template: &Template, tills: &mut [Till]) -> Ends {
    world.log.tell(|| "from here on nothing goes wrong any more".to_owned());
    world.calm();
    // What is still under way arrives, and machines that are down start.
    sleep(Duration::from_secs(20)).await;
    for till in tills.iter_mut() {
        till.end_day(world).await;
    }
    if !is_quiet_in_the_end(world).await {
        let what = "after hours of quiet something is still under way".to_owned();
        world.log.violated("a payment that never ends", what);
    }
    for phone in 0..world.phones() {
        let mut chance = Chance::of(&[world.plan.seed, 6, phone as u64]);
        let mut tries = 0;
        while !errands::fetch(world, phone, &mut chance).await {
            tries += 1;
            if tries == FETCHES_MAX || world.log.has_violations() {
                let what = format!("customer {} cannot fetch", phone + 1);
                world.log.violated("confirmations that do not come", what);
                break;
            }
            sleep(LOOK_EVERY).await;
        }
    }
    let (Some(store), Some(bank)) = (world.server.inside(), world.bank.inside()) else {
        world.log.violated("a machine that is down", "with nothing wrong any more".to_owned());
        return Ends::new();
    };
    match check(world, template, tills, store, bank).await {
        Ok(payments) => payments,
        Err(error) => {
            world.log.violated("a store that cannot be read", error.to_string());
            Ends::new()
        }
    }
}

async fn check(
    world: &Arc<World>,
    template: &Template,
    tills: &[Till],
    store: Arc<EmbeddedStore>,
    bank: Bank,
) -> Result<Ends, StoreError> {
    let payments = all_payments(&store).await?;
    let remains = Remains { world, template, store, bank, payments };
    remains.books().await?;
    remains.agreement().await?;
    remains.acknowledged().await?;
    remains.tills(tills).await?;
    remains.phones().await?;
    let mut ends = Ends::new();
    for payment in &remains.payments {
        *ends.entry(payment.state.name()).or_default() += 1;
    }
    Ok(ends)
}

/// Waits until no payment is under way and nothing is left to be told to the bank.
async fn is_quiet_in_the_end(world: &Arc<World>) -> bool {
    for _ in 0..LOOKS_MAX {
        if let Some(store) = world.server.inside()
            && world.bank.is_up()
            && matches!(is_quiet(&store).await, Ok(true))
        {
            return true;
        }
        sleep(LOOK_EVERY).await;
    }
    false
}

async fn is_quiet(store: &EmbeddedStore) -> Result<bool, StoreError> {
    let effects = store.effects_due(Timestamp::from_ms(i64::MAX), 1).await?;
    Ok(effects.is_empty() && all_payments(store).await?.iter().all(|payment| payment.state.has_ended()))
}

async fn all_payments(store: &EmbeddedStore) -> Result<Vec<Payment>, StoreError> {
    store.payments(Page::first(PAGE_LIMIT_MAX)).await
}
