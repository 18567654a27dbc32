//! Histories of a server that keeps its promises, with answers lost and requests overlapping: all are explained.

use crate::server::{Server, answered};
use history::{Call, History, Operation, Outcome, Terms, check};
use model::PaymentId;
use proptest::prelude::*;

/// Choices, one byte each; zeros when they run out.
struct Script(Vec<u8>);

impl Script {
    fn choose(&mut self, among: u8) -> u8 {
        self.0.pop().map_or(0, |byte| byte % among)
    }
}

/// Something that two tills may ask next, about the payments that they were told of by then.
fn call(script: &mut Script, step: usize, ids: &[PaymentId]) -> Call {
    // Mostly a new key; sometimes that of an earlier request, repeated or abused.
    let back = [0, 0, 0, 0, 0, 1, 2, 3][usize::from(script.choose(8))];
    let key = format!("k{}", step.saturating_sub(back));
    let payment = ids.get(ids.len().saturating_sub(1 + usize::from(script.choose(3)))).copied();
    let some_minor = |script: &mut Script| match script.choose(4) {
        0 => None,
        other => Some(i64::from(other) * 100),
    };
    match (script.choose(8), payment) {
        (0..=2, _) | (3..=5, None) => Call::Authorise {
            key,
            counter: u32::try_from(step / 2).unwrap() + u32::from(script.choose(3)),
            amount_minor: 300,
        },
        (3, Some(payment)) => {
            Call::Capture { key, payment, amount_minor: some_minor(script), is_final: script.choose(2) == 0 }
        }
        (4, Some(payment)) => Call::Void { key, payment },
        (5, Some(payment)) => Call::Refund { key, payment, amount_minor: some_minor(script) },
        (6, _) => Call::Cancel { key },
        _ => Call::LookUp { key },
    }
}

/// The payments that an answer had named by then.
fn told(operations: &[Operation], server: &Server, by_us: u64) -> Vec<PaymentId> {
    let answers =
        operations.iter().filter(|operation| operation.answered_us.is_some_and(|at_us| at_us < by_us));
    let bodies: Vec<&String> = answers
        .filter_map(|operation| match &operation.outcome {
            Outcome::Answered { body, .. } => Some(body),
            _ => None,
        })
        .collect();
    let ids = server.payments.iter().map(|view| view.id);
    ids.filter(|id| bodies.iter().any(|body| body.contains(&id.to_string()))).collect()
}

/// A history that this script leads to, and the payments that there are in the end.
fn play(mut script: Script) -> (History, Vec<PaymentId>) {
    let mut server = Server::default();
    let mut operations: Vec<Operation> = Vec::new();
    for step in 0..40 {
        let client = format!("till {}", script.choose(2));
        // Each happens at a moment of its own; asking comes before it, the answer after, others in between.
        let at_us = 1_000 * (step as u64 + 10);
        let (before_us, after_us) = (400 * u64::from(script.choose(10)), 400 * u64::from(script.choose(10)));
        let asked = call(&mut script, step, &told(&operations, &server, at_us - before_us));
        let fate = script.choose(10);
        let reply = (fate != 9).then(|| server.ask(&client, &asked, script.choose(5)));
        let outcome = match (fate, reply) {
            (0..=6, Some(reply)) => answered(reply),
            _ => Outcome::Unknown { cause: "the connection broke".to_owned() },
        };
        operations.push(Operation {
            number: step as u64,
            client,
            payer: "robin".to_owned(),
            call: asked,
            invoked_us: at_us - before_us,
            answered_us: matches!(outcome, Outcome::Answered { .. }).then_some(at_us + after_us),
            outcome,
        });
        server.settle(script.choose(3));
    }
    let mut last: Vec<(String, Call)> = operations
        .iter()
        .filter(|operation| matches!(operation.call, Call::Authorise { .. }))
        .map(|operation| {
            let key = operation.call.key().unwrap().to_owned();
            (operation.client.clone(), Call::LookUp { key })
        })
        .collect();
    last.extend(server.payments.iter().map(|view| ("till 0".to_owned(), Call::Look { payment: view.id })));
    for (index, (client, call)) in last.into_iter().enumerate() {
        let at_us = 100_000 + index as u64;
        operations.push(Operation {
            number: 100 + index as u64,
            payer: "robin".to_owned(),
            invoked_us: at_us,
            answered_us: Some(at_us),
            outcome: answered(server.ask(&client, &call, 0)),
            client,
            call,
        });
    }
    let ids = server.payments.iter().map(|view| view.id).collect();
    (History(operations), ids)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_good_server_does_is_explained(script in proptest::collection::vec(any::<u8>(), 0..600)) {
        let (history, ids) = play(Script(script));
        let checked = check(&history, &ids, &Terms::default());
        prop_assert!(checked.is_clean(), "{:?} {}", checked.undecided, checked.violations.iter().map(ToString::to_string).collect::<String>());
    }

    #[test]
    fn money_that_only_the_store_knows_of_is_found(script in proptest::collection::vec(any::<u8>(), 0..600)) {
        let (mut history, ids) = play(Script(script));
        let look = history.0.iter_mut().rfind(|operation| matches!(operation.call, Call::Look { .. }));
        prop_assume!(look.is_some());
        if let Some(Operation { outcome: Outcome::Answered { body, .. }, .. }) = look {
            *body = body.replace("\"captured_minor\":", "\"captured_minor\":7");
        }
        prop_assert!(!check(&history, &ids, &Terms::default()).is_clean());
    }

    #[test]
    fn a_history_reads_back_what_was_written(script in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (history, _) = play(Script(script));
        let mut bytes = Vec::new();
        history.write(&mut bytes).unwrap();
        prop_assert_eq!(History::read(bytes.as_slice()).unwrap(), history);
    }
}
