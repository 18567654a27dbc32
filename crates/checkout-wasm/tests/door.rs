//! The till's door as a page uses it: JSON in, JSON out, the journal in between.

use checkout_wasm::{Book, Run, check_code, till_number};
use serde_json::{Value, json};

const NOW_MS: f64 = 1_790_000_000_000.0;

/// Digits of a well-formed code, from the test vectors.
fn digits() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/payment-code/good_plain.json");
    let vector: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    vector["digits"].as_str().unwrap().trim().to_owned()
}

fn order() -> String {
    let order = json!({ "amount_minor": 1250, "currency": "CHF", "terminal": "5724", "plan": "capture", "reference": null });
    order.to_string()
}

fn next(run: &mut Run) -> Value {
    serde_json::from_str(&run.next(NOW_MS)).unwrap()
}

/// Stores what the run asks to be stored, as a page does; gives what comes after.
fn store_all(book: &mut Book, run: &mut Run) -> Value {
    loop {
        let step = next(run);
        if step["do"] != "store" {
            return step;
        }
        book.apply(&step["entry"].to_string()).unwrap();
        run.stored();
    }
}

fn payment(state: &str, captured_minor: i64) -> Value {
    json!({
        "id": "pay_00000t41nqjrwcktaqcgqd5h7j", "state": state, "amount_minor": 1250, "currency": "CHF",
        "captured_minor": captured_minor, "refunded_minor": 0, "terminal": "5724",
        "received_at_ms": 1_790_000_000_000_i64,
    })
}

#[test]
fn a_declined_sale_is_told_and_the_journal_alone_gives_it_back() {
    let mut book = Book::new(1.0).unwrap();
    let mut run = book.pay(&order(), &digits(), NOW_MS).unwrap();
    let send = store_all(&mut book, &mut run);
    assert_eq!(
        (&send["do"], &send["method"], &send["path"]),
        (&json!("send"), &json!("POST"), &json!("/v1/payments"))
    );
    assert!(send["key"].is_string() && send["deadline_ms"].as_i64().unwrap() > 0);
    assert_eq!(serde_json::from_str::<Value>(send["body"].as_str().unwrap()).unwrap()["amount_minor"], 1250);
    let problem = json!({
        "type": "urn:batzen:problem:payment-declined", "title": "x", "status": 402, "customer_action": "enter_again",
    });
    run.heard(402, &problem.to_string(), NOW_MS + 50.0);
    let end = store_all(&mut book, &mut run);
    assert_eq!((&end["do"], &end["is_open"]), (&json!("end"), &json!(false)));
    let outcome: Value = serde_json::from_str(&run.outcome()).unwrap();
    assert_eq!((&outcome["kind"], &outcome["customer_action"]), (&json!("declined"), &json!("enter_again")));
    let sales: Value = serde_json::from_str(&book.sales()).unwrap();
    assert_eq!((&sales[0]["sale"], &sales[0]["stage"]), (&json!("S1"), &json!("closed")));
    assert_eq!(sales[0]["outcome"]["kind"], "declined");
}

#[test]
fn a_lost_answer_is_asked_after_and_no_sale_is_paid_before_its_capture_is_stored() {
    let mut book = Book::new(7.0).unwrap();
    let mut run = book.pay(&order(), &digits(), NOW_MS).unwrap();
    assert_eq!(store_all(&mut book, &mut run)["do"], "send");
    run.lost("no answer", NOW_MS + 100.0);
    assert_eq!(next(&mut run)["do"], "wait");
    let sales: Value = serde_json::from_str(&book.sales()).unwrap();
    assert_eq!(
        (&sales[0]["sale"], &sales[0]["is_open"], &sales[0]["is_paid"]),
        (&json!("S7"), &json!(true), &json!(false))
    );
    // The page was reloaded: the book alone knows how to go on.
    let mut again = book.resume("S7").unwrap();
    let ask = store_all(&mut book, &mut again);
    assert_eq!(ask["method"], "GET");
    again.heard(201, &payment("authorised", 0).to_string(), NOW_MS + 200.0);
    let capture = store_all(&mut book, &mut again);
    assert!(capture["path"].as_str().unwrap().ends_with("/captures"), "{capture}");
    let sales: Value = serde_json::from_str(&book.sales()).unwrap();
    assert_eq!(sales[0]["is_paid"], false);
}

/// A refund whose answer was lost, and which a reload ends, must not look like a sale: it would be refunded twice.
#[test]
fn a_refund_that_is_resumed_is_told_as_a_refund_with_what_it_came_to() {
    let mut book = Book::new(1.0).unwrap();
    let mut run = book.pay(&order(), &digits(), NOW_MS).unwrap();
    store_all(&mut book, &mut run);
    run.heard(201, &payment("authorised", 0).to_string(), NOW_MS);
    store_all(&mut book, &mut run);
    let taken = json!({ "id": "cap_00000t41nqjrwcktaqcgqd5h7j", "amount_minor": 1250, "payment": payment("captured", 1250) });
    run.heard(201, &taken.to_string(), NOW_MS);
    assert_eq!(store_all(&mut book, &mut run)["do"], "end");
    assert_eq!(serde_json::from_str::<Value>(&run.outcome()).unwrap()["kind"], "paid");
    let mut refund = book.act("S1", r#"{"action":"refund","amount_minor":400}"#).unwrap();
    assert_eq!(store_all(&mut book, &mut refund)["do"], "send");
    let mut again = book.resume("S1").unwrap();
    assert_eq!(store_all(&mut book, &mut again)["do"], "send");
    let mut after = payment("captured", 1250);
    after["refunded_minor"] = json!(400);
    let given = json!({ "id": "ref_00000t41nqjrwcktaqcgqd5h7j", "amount_minor": 400, "payment": after });
    again.heard(201, &given.to_string(), NOW_MS);
    assert_eq!(store_all(&mut book, &mut again)["do"], "end");
    let outcome: Value = serde_json::from_str(&again.outcome()).unwrap();
    let sale: Value = serde_json::from_str(&again.sale()).unwrap();
    assert_eq!((&outcome["kind"], &sale["last_done_minor"]), (&json!("refunded"), &json!(400)));
}

#[test]
fn faults_have_kinds_and_names_of_sales() {
    let mut book = Book::new(1.0).unwrap();
    let kind = |fault: &str, book: &Book| {
        let refused = book.pay(&order(), fault, NOW_MS).map(drop).unwrap_err();
        format!("{refused:?}").split(':').next().unwrap().to_owned()
    };
    assert_eq!(kind("12345", &book), "misread");
    let mut run = book.pay(&order(), &digits(), NOW_MS).unwrap();
    assert_eq!(store_all(&mut book, &mut run)["do"], "send");
    let other = order().replace("1250", "1300");
    let refused = book.pay(&other, &digits(), NOW_MS).map(drop).unwrap_err();
    assert!(format!("{refused:?}").starts_with("code_in_use"));
    assert!(book.act("S1", r#"{"action":"refund","amount_minor":null}"#).is_err());
    assert!(book.act("S9", r#"{"action":"void"}"#).is_err() && book.resume("S9").is_err());
    assert!(book.apply("{}").is_err() && Book::new(0.0).is_err() && Book::new(f64::NAN).is_err());
}

#[test]
fn what_is_typed_is_checked_before_anything_is_begun() {
    assert_eq!((check_code(&digits()), check_code("no code")), (String::new(), "misread".to_owned()));
    assert!(till_number("5724") && !till_number("5723") && !till_number(""));
}
