//! `check` finds whatever was changed behind the service's back, and nothing where all is well.

use crate::support::bank::Mood;
use crate::support::falsified::Falsified;
use crate::support::*;
use model::{Booking, CaptureId, EffectId, Payment, PaymentEvent, PaymentState};
use payments::check::{FINDINGS_MAX, Finding, Report, SignedBy, check};
use payments::{Refusal, Wanted};
use protocol::rule_list::RuleKind;
use protocol::verdict::Verdict;
use records::{
    AuditHead, AuditRow, Command, Effect, EffectKind, EventRow, OperatorTask, Outcome, PolicyRow, PostingRow,
    RuleListRow, Ruling, VerdictRow,
};

/// What each sale of [`busy_world`] is an example of.
struct Sales {
    /// Captured, the rest released, partly refunded; all known.
    settled: Payment,
    /// Captured finally with a rest; nothing known yet.
    untold: Payment,
    /// Approved too late, to be released.
    too_late: Payment,
    /// No answer yet.
    unknown: Payment,
    /// A capture was refused.
    refused: Payment,
}

async fn busy_world() -> (World, Sales) {
    let world = World::new().await;
    let settled = world.authorised().await;
    world.change(settled.id, capture(600, true)).await.unwrap();
    world.change(settled.id, refund(100)).await.unwrap();
    let refused = world.authorised().await;
    world.work().await;
    world.change(refused.id, capture(300, false)).await.unwrap();
    world.bank.expect(&[Mood::RefusesBooking("no such hold")]);
    world.work().await;
    let untold = world.authorised().await;
    world.change(untold.id, capture(400, true)).await.unwrap();
    world.bank.expect(&[Mood::HoldsUntil(start()), Mood::Deaf]);
    let (too_late, _) = world.begin().await;
    let (unknown, _) = world.begin().await;
    world.assert_sound().await;
    let sales = Sales {
        settled: world.payment(settled.id).await,
        untold: world.payment(untold.id).await,
        too_late: world.payment(too_late.id).await,
        unknown: world.payment(unknown.id).await,
        refused: world.payment(refused.id).await,
    };
    (world, sales)
}

/// What a check finds if the store tells these lies.
async fn report(world: &World, lie: impl FnOnce(&mut Falsified)) -> Report {
    let mut store = Falsified::new(world.store.clone());
    lie(&mut store);
    check(&store, &world.signed_by()).await.unwrap()
}

/// The lie is found, as a breach of this invariant.
async fn assert_found(world: &World, invariant: u8, what: &str, lie: impl FnOnce(&mut Falsified)) {
    let report = report(world, lie).await;
    let found = report.findings.iter().any(|finding| finding.invariant == invariant);
    assert!(found, "{what} was not found: {:#?}", report.findings);
    assert!(!report.findings[0].to_string().contains("acc-CHF"));
}

fn of<F>(payment: &Payment, change: F) -> impl Fn(&mut Vec<Payment>) + Send + Sync + use<F>
where
    F: Fn(&mut Payment) + Send + Sync + 'static,
{
    let id = payment.id;
    move |rows| rows.iter_mut().filter(|row| row.id == id).for_each(&change)
}

#[tokio::test]
async fn a_sound_store_is_found_sound_and_its_open_ends_are_counted() {
    let (world, _) = busy_world().await;
    let report = report(&world, |_| {}).await;
    assert!(report.is_sound());
    assert_eq!((report.payments, report.unsettled), (5, 4));
}

#[tokio::test]
async fn changed_payments_are_found() {
    let (world, sales) = busy_world().await;
    assert_found(&world, 3, "a capture that never was", |store| {
        store.payments = Some(Box::new(of(&sales.settled, |row| row.captured_minor += 1)));
    })
    .await;
    assert_found(&world, 3, "more refunded than captured", |store| {
        store.payments =
            Some(Box::new(of(&sales.settled, |row| row.refunded_minor = row.captured_minor + 1)));
    })
    .await;
    assert_found(&world, 3, "a state of its own", |store| {
        store.payments = Some(Box::new(of(&sales.untold, |row| row.state = PaymentState::Voided)));
    })
    .await;
    assert_found(&world, 2, "a hold that nobody booked", |store| {
        let hold = held();
        store.payments =
            Some(Box::new(of(&sales.unknown, move |row| row.state = PaymentState::Authorised(hold.clone()))));
    })
    .await;
    assert_found(&world, 1, "a payer without a code", |store| {
        store.payments =
            Some(Box::new(of(&sales.settled, |row| row.payer.as_mut().unwrap().counter.0 += 100)));
    })
    .await;
}

fn held() -> model::Hold {
    model::Hold { expires_at: start().plus_s(9_000), capture_by: start().plus_s(60) }
}

#[tokio::test]
async fn lost_and_changed_events_are_found() {
    let (world, sales) = busy_world().await;
    let settled = sales.settled.id;
    assert_found(&world, 3, "an event in the middle that is gone", |store| {
        store.events = Some(Box::new(move |rows: &mut Vec<EventRow>| {
            rows.retain(|row| row.payment != settled || row.version != 3);
        }));
    })
    .await;
    assert_found(&world, 3, "a last event that is gone", |store| {
        store.events = Some(Box::new(move |rows: &mut Vec<EventRow>| {
            if rows[0].payment == settled {
                rows.pop();
            }
        }));
    })
    .await;
    assert_found(&world, 5, "a booking that is known and was never decided", |store| {
        store.events = Some(Box::new(|rows: &mut Vec<EventRow>| {
            for row in rows {
                if let PaymentEvent::CaptureBooked { capture, .. } = &mut row.event {
                    *capture = CaptureId::from_u128(9);
                }
            }
        }));
    })
    .await;
    assert_found(&world, 2, "a refused booking with another amount", |store| {
        store.events = Some(Box::new(|rows: &mut Vec<EventRow>| {
            for row in rows {
                if let PaymentEvent::BookingRefused { amount_minor, .. } = &mut row.event {
                    *amount_minor -= 1;
                }
            }
        }));
    })
    .await;
}

#[tokio::test]
async fn changed_books_are_found() {
    let (world, _) = busy_world().await;
    assert_found(&world, 2, "a posting with another amount", |store| {
        store.postings = Some(Box::new(|rows: &mut Vec<PostingRow>| {
            rows.last_mut().into_iter().for_each(|row| row.posting.amount_minor += 1);
        }));
    })
    .await;
    assert_found(&world, 2, "a posting that is gone", |store| {
        store.postings = Some(Box::new(|rows: &mut Vec<PostingRow>| {
            rows.pop();
        }));
    })
    .await;
    assert_found(&world, 2, "a posting with its sides swapped", |store| {
        store.postings = Some(Box::new(|rows: &mut Vec<PostingRow>| {
            rows.iter_mut().for_each(|row| row.posting = row.posting.reversed());
        }));
    })
    .await;
    assert_found(&world, 2, "a balance that is too high", |store| {
        store.balances = Some(Box::new(|rows| rows[0].posted_credit_minor += 1));
    })
    .await;
    assert_found(&world, 2, "a balance that is gone", |store| {
        store.balances = Some(Box::new(|rows| {
            rows.pop();
        }));
    })
    .await;
}

#[tokio::test]
async fn lost_and_changed_effects_are_found() {
    let (world, sales) = busy_world().await;
    for (what, payment) in [
        ("a capture and its release", &sales.untold),
        ("the release of an approval that came too late", &sales.too_late),
        ("an authorisation", &sales.unknown),
    ] {
        let id = payment.id;
        assert_found(&world, 5, what, |store| {
            store.effects_of =
                Some(Box::new(move |rows: &mut Vec<Effect>| rows.retain(|row| row.payment != id)));
        })
        .await;
    }
    assert_found(&world, 5, "the release of what was not captured", |store| {
        store.effects_of =
            Some(Box::new(|rows: &mut Vec<Effect>| rows.retain(|row| row.kind != EffectKind::Release)));
    })
    .await;
    assert_found(&world, 5, "a capture of more", |store| {
        store.effects_of = Some(Box::new(|rows: &mut Vec<Effect>| {
            for row in rows {
                if let EffectKind::Capture { amount_minor, .. } = &mut row.kind {
                    *amount_minor += 1;
                }
            }
        }));
    })
    .await;
    assert_found(&world, 5, "an effect for another provider", |store| {
        store.effects_of = Some(Box::new(|rows: &mut Vec<Effect>| {
            rows.iter_mut().for_each(|row| row.provider = "other".parse().unwrap());
        }));
    })
    .await;
    let (settled, untold) = (sales.settled.id, sales.untold.id);
    let stray = world.store.effects_of(untold).await.unwrap().remove(0);
    let stray = Effect { payment: settled, ..stray };
    assert_found(&world, 5, "a capture that nobody decided", |store| {
        store.effects_of = Some(Box::new(move |rows: &mut Vec<Effect>| {
            if rows.is_empty() {
                rows.push(stray.clone());
            }
        }));
    })
    .await;
    let released = |at| Effect {
        id: EffectId::from_u128(1),
        payment: settled,
        provider: "bank".parse().unwrap(),
        kind: EffectKind::Release,
        attempts: 0,
        due_at: at,
        written_at: at,
    };
    let again = released(start());
    assert_found(&world, 5, "a release that waits although it is known", |store| {
        store.effects_of = Some(Box::new(move |rows: &mut Vec<Effect>| {
            if rows.is_empty() {
                rows.push(again.clone());
            }
        }));
    })
    .await;
}

#[tokio::test]
async fn lost_tasks_and_answers_are_found() {
    let (world, sales) = busy_world().await;
    let events = world.events(sales.refused.id).await;
    let is_refusal = |row: &EventRow| {
        matches!(row.event, PaymentEvent::BookingRefused { booking: Booking::Capture(_), .. })
    };
    assert!(events.iter().any(is_refusal));
    assert_found(&world, 5, "a refused booking that nobody looks after", |store| {
        store.tasks = Some(Box::new(|rows: &mut Vec<OperatorTask>| rows.clear()));
    })
    .await;
    assert_found(&world, 4, "a lost request", |store| {
        store.begin_request = Some(Box::new(|row| *row = None));
    })
    .await;
    assert_found(&world, 4, "a lost answer", |store| {
        store.begin_request = Some(Box::new(|row| row.as_mut().unwrap().answer = None));
    })
    .await;
    assert_found(&world, 4, "another answer", |store| {
        store.begin_request = Some(Box::new(|row| {
            row.as_mut().unwrap().answer.as_mut().into_iter().for_each(|answer| answer.status = 402);
        }));
    })
    .await;
    assert_found(&world, 4, "a last confirmation that is gone", |store| {
        store.confirmations = Some(Box::new(|rows| {
            rows.pop();
        }));
    })
    .await;
    assert_found(&world, 4, "a confirmation of more", |store| {
        store.confirmations = Some(Box::new(|rows| {
            rows.iter_mut().for_each(|row| row.confirmation.amount.amount_minor += 1);
        }));
    })
    .await;
    assert_found(&world, 4, "a confirmation that is gone", |store| {
        store.confirmations = Some(Box::new(|rows| {
            if rows.len() > 1 {
                rows.remove(0);
            }
        }));
    })
    .await;
}

#[tokio::test]
async fn lost_and_changed_codes_are_found() {
    let (world, _) = busy_world().await;
    assert_found(&world, 1, "a code that was not consumed", |store| {
        store.code_use = Some(Box::new(|row| *row = None));
    })
    .await;
    assert_found(&world, 1, "another code", |store| {
        store.code_use = Some(Box::new(|row| {
            row.as_mut().into_iter().for_each(|row| row.code_hash = [0; 32]);
        }));
    })
    .await;
    assert_found(&world, 1, "a lost verdict", |store| store.verdict = Some(Box::new(|row| *row = None)))
        .await;
    assert_found(&world, 1, "a payment with a refused code", |store| {
        store.verdict = Some(Box::new(|row: &mut Option<VerdictRow>| {
            row.as_mut().into_iter().for_each(|row| row.verdict = Verdict::WrongPin);
        }));
    })
    .await;
    assert_found(&world, 1, "another decision", |store| {
        store.verdict = Some(Box::new(|row: &mut Option<VerdictRow>| {
            let decisions = row.as_mut().into_iter().filter_map(|row| row.decision.as_mut());
            decisions.for_each(|decision| decision.ruling = Ruling::Decline);
        }));
    })
    .await;
    assert_found(&world, 1, "a counter that was set back", |store| {
        store.enrolments = Some(Box::new(|rows| rows.iter_mut().for_each(|row| row.counter.0 -= 1)));
    })
    .await;
}

#[tokio::test]
async fn policies_are_what_the_audit_trail_says() {
    let world = World::new().await;
    let policy = |version: u32| PolicyRow {
        version,
        valid_from: start(),
        signed: format!("policy {version}"),
        activated_at: start(),
        activated_by: "olga".to_owned(),
    };
    for version in [1, 2] {
        let command = Command::ActivatePolicy(Box::new(policy(version)));
        assert_eq!(world.store.commit(command).await.unwrap(), Outcome::Done);
    }
    world.assert_sound().await;
    assert_found(&world, 7, "a policy that was removed", |store| {
        store.policies = Some(Box::new(|rows| rows.retain(|row| row.version != 2)));
    })
    .await;
    assert_found(&world, 7, "a policy that was changed", |store| {
        store.policies = Some(Box::new(|rows| rows.iter_mut().for_each(|row| row.signed.push(' '))));
    })
    .await;
    assert_found(&world, 7, "a policy that was put there", |store| {
        store.policies = Some(Box::new(move |rows| {
            if rows.last().is_some_and(|last| last.version == 2) {
                rows.push(PolicyRow { version: 3, ..rows[1].clone() });
            }
        }));
    })
    .await;
}

/// What is told in place of a list.
type Told = Box<dyn Fn(&mut Option<RuleListRow>) + Send + Sync>;

/// A lie about the list of this version.
fn of_list<F>(version: u32, change: F) -> Told
where
    F: Fn(&mut RuleListRow) + Send + Sync + 'static,
{
    Box::new(move |found| found.iter_mut().filter(|row| row.version == version).for_each(&change))
}

#[tokio::test]
async fn lists_of_rules_are_signed_follow_each_other_and_are_what_the_audit_trail_says() {
    let world = World::new().await;
    for packages in [&["a", "b"][..], &["b", "c"], &["c", "a"]] {
        let packages = packages.iter().map(|name| (*name).to_owned()).collect();
        let wanted = [(RuleKind::Package, packages)].into();
        world.security.publish_rules(&wanted, 30, "olga", start()).await.unwrap();
    }
    world.assert_sound().await;
    let second = world.store.rule_list(2).await.unwrap().unwrap();
    let changed = |row: &mut RuleListRow| {
        let text = String::from_utf8(row.list.clone()).unwrap();
        row.list = text.replacen("\"b\"", "\"x\"", 1).into_bytes();
    };
    // Signed by us for another place: the list before, where this one stood.
    let copied = move |row: &mut RuleListRow| *row = RuleListRow { version: 3, ..second.clone() };
    let lies = [
        ("a changed entry", 2, of_list(2, changed)),
        ("a list in another's place", 3, of_list(3, copied)),
        ("a number that is given again", 2, of_list(2, |row| row.next_id = 1)),
        ("another time", 1, of_list(1, |row| row.published_at = start().plus_s(1))),
        ("bytes that are no list", 1, of_list(1, |row| row.list.truncate(9))),
    ];
    for (what, version, lie) in lies {
        let report = report(&world, |store| store.rule_list = Some(lie)).await;
        let first = report.findings.first().unwrap_or_else(|| panic!("{what} was not found"));
        let row = format!("rule list {version}");
        assert_eq!((first.invariant, &first.row), (7, &row), "{what}: {:#?}", report.findings);
    }
    for version in [1, 3] {
        let gone = move |found: &mut Option<RuleListRow>| {
            if found.as_ref().is_some_and(|row| row.version == version) {
                *found = None;
            }
        };
        let report = report(&world, |store| store.rule_list = Some(Box::new(gone))).await;
        assert_eq!(report.findings[0].to_string(), format!("invariant 7: rule list {version}: it is gone"));
    }
    let report = report(&world, |store| {
        store.audit = Some(Box::new(|rows: &mut Vec<AuditRow>| {
            rows.retain(|row| row.entry.subject != "rules 2");
        }));
    })
    .await;
    let unsaid = |finding: &Finding| finding.row == "rule list 2" && finding.what.contains("does not say");
    assert!(report.findings.iter().any(unsaid), "{:#?}", report.findings);
    let others = SignedBy { rule_keys: world.signed_by().audit_keys, ..world.signed_by() };
    let forged = check(&*world.store, &others).await.unwrap();
    let rows: Vec<_> = forged.findings.iter().map(|finding| finding.row.as_str()).collect();
    assert_eq!(rows, ["rule list 1", "rule list 2", "rule list 3"]);
}

#[tokio::test]
async fn a_changed_audit_trail_is_found() {
    let (world, _) = busy_world().await;
    world.security.sign_audit_head(start()).await.unwrap().unwrap();
    assert_found(&world, 7, "a changed entry", |store| {
        store.audit = Some(Box::new(|rows: &mut Vec<AuditRow>| {
            rows.first_mut().into_iter().for_each(|row| row.entry.detail.push('x'));
        }));
    })
    .await;
    assert_found(&world, 7, "a lost entry", |store| {
        store.audit = Some(Box::new(|rows: &mut Vec<AuditRow>| {
            rows.pop();
        }));
    })
    .await;
    assert_found(&world, 7, "a signature for another trail", |store| {
        store.audit_heads = Some(Box::new(|rows: &mut Vec<AuditHead>| {
            rows.iter_mut().for_each(|row| row.hash = [0; 32]);
        }));
    })
    .await;
    let nobody = SignedBy { audit_keys: Vec::new(), ..world.signed_by() };
    let forged = check(&*world.store, &nobody).await.unwrap();
    assert!(forged.findings.iter().any(|finding| finding.invariant == 7));
}

#[tokio::test]
async fn a_report_stays_short_however_much_is_wrong() {
    let (world, _) = busy_world().await;
    for _ in 0..30 {
        world.begin().await;
    }
    let report = report(&world, |store| {
        store.verdict = Some(Box::new(|row| *row = None));
        store.begin_request = Some(Box::new(|row| *row = None));
        store.code_use = Some(Box::new(|row| *row = None));
        store.postings = Some(Box::new(|rows| rows.clear()));
    })
    .await;
    assert_eq!(report.findings.len(), FINDINGS_MAX);
}

#[tokio::test]
async fn refused_codes_leave_a_sound_store() {
    let world = World::new().await;
    let request = world.request();
    let id = world.payments.make_payment_id(0);
    let refusal = Refusal {
        payment: id,
        order: order(),
        action: model::CustomerAction::EnterAgain,
        verdict: VerdictRow {
            payment: id,
            verdict: Verdict::NotForUs,
            code_hash: [0; 32],
            enrolment: None,
            counter: None,
            at: start(),
            confirmation: None,
            decision: None,
        },
        enrolment: None,
        code_use: None,
        cause: None,
        audit: Vec::new(),
    };
    let begun = world.payments.refuse(request.clone(), refusal.clone()).await.unwrap();
    let payments::Begun::Answered(payment, answer) = begun else { panic!("known") };
    assert_eq!((payment.payer.is_none(), answer.status), (true, 402));
    let payments::Begun::Known(row) = world.payments.refuse(request, refusal).await.unwrap() else {
        panic!("taken for a new one");
    };
    assert_eq!(row.answer, Some(answer));
    for wanted in [capture_all(), Wanted::Void, refund(1)] {
        assert!(world.change(id, wanted).await.is_err());
    }
    world.assert_settled().await;
    let passed = report(&world, |store| {
        store.verdict = Some(Box::new(|row: &mut Option<VerdictRow>| {
            row.as_mut().into_iter().for_each(|row| row.verdict = Verdict::Ok);
        }));
    })
    .await;
    assert!(!passed.is_sound());
}
