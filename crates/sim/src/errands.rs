//! What tills and phones do in a day: one thing after the other.

use crate::chance::Chance;
use crate::history::World;
use crate::net::Carried;
use crate::plan::{Act, ActKind, Cut};
use crate::programs::SOURCE;
use crate::till::Till;
use api::phone::{ConfirmationPage, EnrolmentStatusName, EnrolmentView};
use http::Method;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;
use wallet::Vault;

/// How long a phone waits for an answer, milliseconds.
const PATIENCE_MS: u64 = 15_000;

/// Tells a till to lose power: after so many entries, where in the next, and how long it is down then.
pub(crate) type CutSender = mpsc::UnboundedSender<(u64, Cut, u64)>;
type CutReceiver = mpsc::UnboundedReceiver<(u64, Cut, u64)>;

pub(crate) fn cuts() -> (CutSender, CutReceiver) {
    mpsc::unbounded_channel()
}

/// A till's day: its sales, each at its time or once the one before is over.
pub(crate) async fn till_day(world: Arc<World>, mut till: Till, mut cuts: CutReceiver) -> Till {
    let own = |act: &&Act| matches!(act.kind, ActKind::Sale { till: whose, .. } if whose == till.number);
    let acts: Vec<Act> = world.plan.acts.iter().filter(own).cloned().collect();
    for act in acts {
        let wait_ms = act.at_ms.saturating_sub(world.time.elapsed_ms());
        sleep(Duration::from_millis(wait_ms)).await;
        while let Ok((entries, cut, down_ms)) = cuts.try_recv() {
            till.journal.cut_after(entries, cut);
            till.down_ms = down_ms;
        }
        till.act(&world, &act).await;
    }
    till
}

/// A phone asks how it stands and fetches its confirmations. Gives whether all went well.
pub(crate) async fn fetch(world: &Arc<World>, phone: usize, chance: &mut Chance) -> bool {
    let now = world.time.now();
    let path = format!("/v1/enrolment?device_time_ms={}", now.ms());
    let Some(view) = ask::<EnrolmentView>(world, phone, &path, chance).await else { return false };
    let applied = world.phone(phone).state.apply_enrolment(&view, now, world.time.now());
    if let Err(error) = applied {
        world.log.violated("a phone that refuses its server", format!("customer {}: {error}", phone + 1));
        return false;
    }
    if view.status == EnrolmentStatusName::Unsynchronised && !resync(world, phone, chance).await {
        return false;
    }
    loop {
        let after = world.phone(phone).state.confirmed_through();
        let path = format!("/v1/confirmations?after={after}");
        let Some(page) = ask::<ConfirmationPage>(world, phone, &path, chance).await else { return false };
        let now = world.time.now();
        let mut phone_now = world.phone(phone);
        let vault = Arc::clone(&phone_now.vault);
        let outcome = phone_now.state.receive_page(&page.confirmations, vault.confirmation_key(), now);
        drop(phone_now);
        match outcome {
            Ok(outcome) if outcome.unreadable.is_empty() && outcome.missing == 0 => {
                world.log.tell(|| format!("customer {} gets {} confirmations", phone + 1, outcome.new.len()));
            }
            Ok(_) => {
                let what = format!("customer {}: some are missing or unreadable", phone + 1);
                world.log.violated("confirmations that do not come", what);
                return false;
            }
            Err(error) => {
                let what = format!("customer {}: {error}", phone + 1);
                world.log.violated("confirmations that do not come", what);
                return false;
            }
        }
        if !page.has_more {
            return true;
        }
    }
}

/// A phone whose counters went back asks where to go on.
async fn resync(world: &Arc<World>, phone: usize, chance: &mut Chance) -> bool {
    let asked = world.phone(phone).state.resync_request();
    let Some(body) = asked.ok().and_then(|asked| serde_json::to_vec(&asked).ok()) else { return false };
    let now = world.time.now();
    let path = "/v1/enrolment/resync";
    let Some(view) = send::<EnrolmentView>(world, phone, &Method::POST, path, body, chance).await else {
        return false;
    };
    world.log.tell(|| format!("the phone of customer {} is resynchronised", phone + 1));
    world.phone(phone).state.apply_enrolment(&view, now, world.time.now()).is_ok()
}

pub(crate) async fn ask<A: DeserializeOwned>(
    world: &Arc<World>,
    phone: usize,
    path: &str,
    chance: &mut Chance,
) -> Option<A> {
    send(world, phone, &Method::GET, path, Vec::new(), chance).await
}

pub(crate) async fn send<A: DeserializeOwned>(
    world: &Arc<World>,
    phone: usize,
    method: &Method,
    path: &str,
    body: Vec<u8>,
    chance: &mut Chance,
) -> Option<A> {
    let signed = world.phone(phone).request(method, path, body, world.time.now(), chance);
    let mut request = signed?;
    request.extensions_mut().insert(SOURCE);
    let shown = path.split('?').next().unwrap_or_default().to_owned();
    let what = move || format!("phone of customer {}, {shown}", phone + 1);
    match world.net.exchange(&world.server, request, &what, PATIENCE_MS, chance).await {
        Carried::Answer(status, body) if status.is_success() => serde_json::from_slice(&body).ok(),
        _ => None,
    }
}
