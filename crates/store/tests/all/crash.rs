//! The power fails at every single write of a day's work. What was acknowledged is there afterwards, and what
//! was not is there wholly or not at all.

use crate::disk::{Fate, Rows};
use crate::machine::{FORMS, Form, Images, Machine};
use model::{Layer, PaymentId};
use records::{
    BeginPayment, ChangePayment, Command, Outcome, PAGE_LIMIT_MAX, Page, PutMethod, Queries, Store,
};
use std::sync::Arc;
use store::EmbeddedStore;
use store::conformance::sample;

/// A day's work: each kind of command that writes, all of which are done.
fn work() -> Vec<Command> {
    let device = sample::enrolment(1);
    let id = PaymentId::from_u128(1);
    let first = BeginPayment {
        confirmation: Some(sample::confirmation(device.id, id, 1)),
        ..sample::begin(1, &device, 1)
    };
    let device = first.enrolment.clone().unwrap().enrolment;
    let moved = ChangePayment {
        postings: vec![sample::posting(Layer::Pending, 1_250), sample::posting(Layer::Posted, 3)],
        new_effects: vec![sample::effect(2, id)],
        done_effect: Some(sample::effect(1, id).id),
        wake_at: Some(sample::NOW.plus_s(90)),
        request: Some((sample::request("capture", 1), sample::answer("captured"))),
        begin_answer: Some((first.request.clone(), sample::answer("approved"))),
        confirmation: Some(sample::confirmation(device.id, id, 1)),
        task: Some(sample::task(1, id)),
        audit: vec![sample::entry("payment.captured")],
        ..sample::change(&first.payment)
    };
    let put =
        PutMethod { expected_version: 0, method: sample::method(1, 1), audit: sample::entry("method.put") };
    let settled = ChangePayment {
        settled_task: Some(sample::task(1, id).effect),
        audit: vec![sample::entry("task.settled")],
        ..sample::change(&moved.payment)
    };
    let mut work = vec![
        Command::CreateCustomer(sample::customer(1), sample::entry("customer.created")),
        Command::CreateMerchant(sample::merchant(1), sample::entry("merchant.created")),
        Command::CreateCheckout(sample::checkout(1), sample::entry("checkout.created")),
        Command::ActivatePolicy(Box::new(sample::policy(1))),
    ];
    work.extend(sample::enrolled(1));
    work.extend([
        Command::PutMethod(Box::new(put)),
        Command::BeginPayment(Box::new(first)),
        Command::ChangePayment(Box::new(moved)),
        Command::BeginPayment(Box::new(sample::begin(3, &device, 2))),
        Command::DelayEffect {
            payment: id,
            effect: sample::effect(2, id).id,
            attempts: 1,
            due_at: sample::NOW.plus_s(9),
        },
        Command::Cancel(sample::request("early", 1), sample::NOW),
        Command::ChangePayment(Box::new(settled)),
    ]);
    work
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// An empty store, as it was closed.
fn empty(form: Form) -> Images {
    let machine = Machine::new(form);
    machine.open().unwrap().close().unwrap();
    machine.after_power_loss(Fate::Lost)
}

/// The rows after each command, and how many operations all took.
fn untroubled(form: Form) -> (Vec<Rows>, u64) {
    let machine = Machine::holding(form, empty(form));
    let store = machine.open().unwrap();
    let mut after = vec![machine.rows()];
    let runtime = runtime();
    for command in work() {
        assert_eq!(runtime.block_on(store.commit(command)), Ok(Outcome::Done));
        after.push(machine.rows());
    }
    store.close().unwrap();
    (after, machine.operations())
}

/// Works until the power fails. Gives how many commands were acknowledged.
fn work_until_dark(machine: &Machine, runtime: &tokio::runtime::Runtime) -> usize {
    let Ok(store) = machine.open() else { return 0 };
    let mut done = 0;
    for command in work() {
        match runtime.block_on(store.commit(command)) {
            Ok(outcome) => assert_eq!(outcome, Outcome::Done),
            Err(_) => break,
        }
        done += 1;
    }
    done
}

#[test]
fn at_every_write_all_or_nothing_and_what_was_acknowledged() {
    FORMS.into_iter().for_each(cut_at_every_write);
}

fn cut_at_every_write(form: Form) {
    let (after, operations) = untroubled(form);
    let empty = empty(form);
    assert!(operations > 60, "the work became too small to prove anything: {operations}");
    let runtime = runtime();
    for operation in 0..operations {
        let machine = Machine::holding(form, empty.clone());
        machine.power_fails_at(operation);
        let done = work_until_dark(&machine, &runtime);
        let chance = match operation % 3 {
            0 => Fate::Kept,
            1 => Fate::Torn,
            _ => Fate::Scattered(operation),
        };
        for fate in [Fate::Lost, chance, Fate::Scattered(!operation)] {
            let machine = Machine::holding(form, machine.after_power_loss(fate));
            let store = machine
                .open()
                .unwrap_or_else(|error| panic!("{form:?}, operation {operation}, {fate:?}: {error}"));
            let found = machine.rows();
            let whole = found == after[done] || after.get(done + 1) == Some(&found);
            assert!(
                whole,
                "{form:?}, operation {operation}, {fate:?}: not the rows after {done} commands or one more"
            );
            let goes_on = runtime.block_on(store.commit(Command::Record(sample::entry("opened"))));
            assert_eq!(goes_on, Ok(Outcome::Done), "{form:?}, operation {operation}, {fate:?}");
        }
    }
}

/// A store that crashes again and again while it is opened loses nothing either.
#[test]
fn at_every_write_of_opening_after_a_crash_nothing_is_lost() {
    let form = Form::Logged;
    let (after, _) = untroubled(form);
    let runtime = runtime();
    let crashed = {
        let machine = Machine::holding(form, empty(form));
        let store = machine.open().unwrap();
        for command in work() {
            assert_eq!(runtime.block_on(store.commit(command)), Ok(Outcome::Done));
        }
        let images = machine.after_power_loss(Fate::Lost);
        drop(store);
        images
    };
    let operations = {
        let machine = Machine::holding(form, crashed.clone());
        let _store = machine.open().unwrap();
        machine.operations()
    };
    for operation in 0..operations {
        let machine = Machine::holding(form, crashed.clone());
        machine.power_fails_at(operation);
        assert!(machine.open().is_err(), "operation {operation} of opening failed unseen");
        for fate in [Fate::Lost, Fate::Kept, Fate::Torn, Fate::Scattered(operation)] {
            let machine = Machine::holding(form, machine.after_power_loss(fate));
            assert!(Some(&machine.rows()) == after.last(), "operation {operation}, {fate:?}");
        }
    }
}

#[test]
fn many_at_once_are_each_there_wholly_if_acknowledged() {
    FORMS.into_iter().for_each(cut_among_many);
}

fn cut_among_many(form: Form) {
    let runtime = runtime();
    let before = {
        let machine = Machine::new(form);
        let _store = machine.open().unwrap();
        machine.operations()
    };
    for step in 0..40 {
        let machine = Machine::new(form);
        machine.power_fails_at(before + 3 * step);
        let store = Arc::new(machine.open().unwrap());
        let begin = |n: u8| {
            let mut command = sample::begin(n.into(), &sample::enrolment(n), 1);
            (command.enrolment, command.code_use) = (None, None);
            command
        };
        let acknowledged: Vec<u8> = runtime.block_on(async {
            let tasks: Vec<_> = (1..=32)
                .map(|n| {
                    let store = Arc::clone(&store);
                    tokio::spawn(async move { store.commit(Command::BeginPayment(Box::new(begin(n)))).await })
                })
                .collect();
            let mut acknowledged = Vec::new();
            for (task, n) in tasks.into_iter().zip(1..) {
                if task.await.unwrap() == Ok(Outcome::Done) {
                    acknowledged.push(n);
                }
            }
            acknowledged
        });
        drop(store);
        let images = machine.after_power_loss(Fate::Scattered(step));
        runtime.block_on(check_beginnings(&Machine::holding(form, images).open().unwrap(), &acknowledged));
    }
}

async fn check_beginnings(store: &EmbeddedStore, acknowledged: &[u8]) {
    let mut there = 0;
    for n in 1..=32 {
        let id = PaymentId::from_u128(n.into());
        let parts = [
            store.payment(id).await.unwrap().is_some(),
            store.verdict(id).await.unwrap().is_some(),
            store.begin_request(id).await.unwrap().is_some(),
            store.effects_of(id).await.unwrap().len() == 1,
            store.payments_to_wake(sample::NOW.plus_s(30), 99).await.unwrap().contains(&id),
        ];
        assert!(parts.iter().all(|part| *part == parts[0]), "payment {n} is there in part: {parts:?}");
        assert!(parts[0] || !acknowledged.contains(&n), "payment {n} was acknowledged and is gone");
        there += usize::from(parts[0]);
    }
    let audit = store.audit(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
    assert_eq!(audit.len(), there);
    assert!(audit.windows(2).all(|pair| pair[1].follows(&pair[0].hash)));
}
