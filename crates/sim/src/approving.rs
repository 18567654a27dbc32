//! Customers who are asked on the phone: some approve, some refuse, some look away. The real wallet core reads the
//! question and answers it.

use crate::chance::Chance;
use crate::errands::{ask, send};
use crate::fault::Fault;
use crate::history::World;
use crate::phone::RIGHT_PIN;
use api::approval::{AnsweredView, QuestionPage, QuestionView};
use http::Method;
use protocol::payment_code::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use wallet::{Vault, WalletError};

/// What is above this is to be approved on the phone.
pub(crate) const ASKED_ABOVE_MINOR: i64 = 3_500;
/// How often a phone looks whether it is asked.
const LOOK_EVERY_MS: u64 = 6_000;
/// How often at most, after a code was shown.
const LOOKS_MAX: usize = 12;

/// What a customer does about a question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mind {
    Approves,
    Refuses,
    LooksAway,
}

/// A customer who has shown a code looks at the phone for a while and answers what it asks.
pub(crate) async fn attend(world: Arc<World>, phone: usize, mut chance: Chance) {
    let mind = match chance.below(10) {
        0 => Mind::Refuses,
        1 => Mind::LooksAway,
        _ => Mind::Approves,
    };
    for _ in 0..LOOKS_MAX {
        sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
        let Some(page) = ask::<QuestionPage>(&world, phone, "/v1/approvals", &mut chance).await else {
            continue;
        };
        let Some(view) = page.approvals.first() else { continue };
        if mind == Mind::LooksAway {
            return world.log.fault(Fault::ApprovalIgnored, || format!("customer {} looks away", phone + 1));
        }
        if answer(&world, phone, view, mind, &mut chance).await {
            return;
        }
    }
}

/// Answers a question; whether the server knows of it.
async fn answer(
    world: &Arc<World>,
    phone: usize,
    view: &QuestionView,
    mind: Mind,
    chance: &mut Chance,
) -> bool {
    let body = match write(world, phone, view, mind, chance) {
        Ok(body) => body,
        Err(error) => {
            let what = format!("customer {}: {error}", phone + 1);
            world.log.violated("a question that the phone does not understand", what);
            return true;
        }
    };
    let path = format!("/v1/approvals/{}", view.id);
    let answered = send::<AnsweredView>(world, phone, &Method::POST, &path, body, chance).await;
    if answered.is_some() {
        let words = if mind == Mind::Approves { "approves" } else { "refuses" };
        world.log.tell(|| format!("customer {} {words} on the phone", phone + 1));
        if mind == Mind::Refuses {
            world.log.fault(Fault::ApprovalRefused, || format!("customer {} said no", phone + 1));
        }
    }
    answered.is_some()
}

fn write(
    world: &Arc<World>,
    phone: usize,
    view: &QuestionView,
    mind: Mind,
    chance: &mut Chance,
) -> Result<Vec<u8>, WalletError> {
    let mut phone = world.phone(phone);
    let opened = phone.state.open_question(view, phone.vault.confirmation_key())?;
    let draft = if mind == Mind::Approves {
        let pin = Pin::parse(RIGHT_PIN).map_err(WalletError::Pin)?;
        phone.pins_proven += 1;
        phone.state.draft_approval(&opened, &pin, chance)?
    } else {
        phone.state.draft_refusal(&opened)?
    };
    draft.sign(&*phone.vault)
}
