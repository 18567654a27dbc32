//! Approvals on the phone: payments that policy wants confirmed, and requests of the bank.

use crate::support::{Answer, Phone, RIGHT_PIN, Setup, Till, WRONG_PIN, World, eventually, parse};
use api::approval::{ApprovalView, QuestionPage, QuestionView};
use crypto::SystemRandom;
use crypto::p256::{Signature, SigningKey};
use data_encoding::BASE64URL_NOPAD;
use http::Method;
use model::{Currency, Money, PaymentId};
use protocol::approval::{
    self, ApprovalKind, Decision, OpenedQuestion, QuestionBytes, SealedQuestion, to_sign,
};
use protocol::authentication_statement::SignedStatement;
use protocol::payment_code::{Pin, PinGeneration, PinKey};
use protocol::pin_proof::{PinProof, PinProofPurpose};
use security::{KeyStore, Policy};
use serde_json::{Value, json};

/// A world whose policy wants everything above 10.00 CHF approved on the phone.
async fn world() -> World {
    let rules =
        json!([{ "name": "large", "when": { "amount_above_minor": { "CHF": 1_000 } }, "then": "approve" }]);
    let setup = Setup::default();
    let rules = serde_json::from_value(rules).unwrap();
    World::with(Setup { policy: Policy { rules, ..setup.policy }, ..setup }).await
}

impl Phone {
    async fn questions(&self, world: &World) -> Vec<QuestionView> {
        let answer = self.ask(world, Method::GET, "/v1/approvals", None).await.is(200);
        parse::<QuestionPage>(&answer).approvals
    }

    fn read(&self, view: &QuestionView) -> OpenedQuestion {
        let sealed = BASE64URL_NOPAD.decode(view.sealed.as_bytes()).unwrap();
        let sealed = SealedQuestion::from_bytes(sealed).unwrap();
        let signing_key = |id| self.bundle.confirmation_key(id);
        sealed.open(&self.confirmation_key, signing_key, &self.recipient.realm).unwrap()
    }

    /// The only question that waits.
    async fn question(&self, world: &World) -> OpenedQuestion {
        let mut waiting = self.questions(world).await;
        assert_eq!(waiting.len(), 1);
        self.read(&waiting.remove(0))
    }

    fn signature(&self, decision: Decision, hash: &[u8; 32], key: &SigningKey) -> Signature {
        key.sign(&[&to_sign(&self.recipient.realm, self.enrolment, decision, hash)])
    }

    fn proof(&self, hash: [u8; 32], pin: &str) -> PinProof {
        let key = PinKey::derive(&self.pin_secret, &Pin::parse(pin).unwrap());
        let (realm, purpose) = (&self.recipient.realm, PinProofPurpose::Approve(hash));
        PinProof::make(realm, self.enrolment, purpose, PinGeneration(1), &key, &mut SystemRandom)
    }

    fn yes(&self, opened: &OpenedQuestion, pin: &str) -> Value {
        let signature = self.signature(Decision::Approve, &opened.hash, &self.device_key);
        let answer = approval::Answer::new(Decision::Approve, &signature, Some(self.proof(opened.hash, pin)));
        serde_json::from_slice(&answer.to_bytes()).unwrap()
    }

    fn no(&self, opened: &OpenedQuestion) -> Value {
        let signature = self.signature(Decision::Refuse, &opened.hash, &self.device_key);
        serde_json::from_slice(&approval::Answer::new(Decision::Refuse, &signature, None).to_bytes()).unwrap()
    }

    async fn answer(&self, world: &World, opened: &OpenedQuestion, answer: Value) -> Answer {
        let path = format!("/v1/approvals/{}", opened.question.id);
        self.ask(world, Method::POST, &path, Some(answer)).await
    }
}

/// What the request was answered that began the payment with this code.
async fn look(till: &Till, counter: u32) -> Answer {
    till.ask(Method::GET, &format!("/v1/payments?idempotency_key=sale-{counter}"), None, None).await
}

/// Begins a payment of 12.50 CHF, which waits for its customer.
async fn waiting(world: &World, till: &Till, phone: &Phone, counter: u32) -> PaymentId {
    let answer = till.begin(&format!("sale-{counter}"), &phone.code(world, counter)).await.is(202);
    assert_eq!(answer["state"], "awaiting_approval");
    parse(&answer["id"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_made_once_its_customer_approved_amount_and_shop_on_the_phone() {
    let world = world().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let small = till.begin_with("small", &phone.code(&world, 1).to_digits(), 900).await.is(201);
    assert_eq!(small["state"], "authorised", "what policy does not ask for is paid at once");
    let before = world.bank.asked().len();
    let id = waiting(&world, &till, &phone, 2).await;
    assert_eq!(world.bank.asked().len(), before, "no provider knows of it before the customer's yes");

    let opened = phone.question(&world).await;
    let question = &opened.question;
    assert_eq!(
        (question.kind, question.amount()),
        (ApprovalKind::Payment, Some(Money::new(1_250, Currency::CHF)))
    );
    assert_eq!(question.payee.as_ref().unwrap().as_str(), "Bakery");
    assert_eq!(question.terminal, Some(till.terminal));
    let answered = phone.answer(&world, &opened, phone.yes(&opened, RIGHT_PIN)).await.is(200);
    assert_eq!(answered["state"], "approved");
    assert_eq!(phone.questions(&world).await, []);

    // The till asks again under its key, and goes on as with any other payment.
    let authorised = look(&till, 2).await.is(201);
    assert_eq!((&authorised["state"], &authorised["id"]), (&json!("authorised"), &json!(id)));
    till.capture("c", id, json!({})).await.is(201);
    let told = phone.confirmations(&world, 0).await;
    assert_eq!(told.last().unwrap().kind.name(), "captured");
    let statement = world.bank.last_statement();
    let key = world.keys.statement_signer().verifying_key().clone();
    let statement = SignedStatement::verify(&statement, &key).unwrap();
    assert!(statement.verdicts.contains(&"approval".to_owned()), "the bank learns that it was approved");
    assert_eq!((statement.amount_minor, statement.hold_id), (1_250, id.to_string()));

    // The same answer again changes nothing, the other one is refused.
    phone.answer(&world, &opened, phone.yes(&opened, RIGHT_PIN)).await.is(200);
    phone.answer(&world, &opened, phone.no(&opened)).await.is(409);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_refused_cancelled_or_not_answered_reaches_no_bank() {
    let world = world().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    waiting(&world, &till, &phone, 1).await;
    let refused = phone.question(&world).await;
    assert_eq!(phone.answer(&world, &refused, phone.no(&refused)).await.is(200)["state"], "refused");
    look(&till, 1).await.is_declined("open_app_online");

    waiting(&world, &till, &phone, 2).await;
    let cancelled = phone.question(&world).await;
    assert_eq!(till.cancel("sale-2").await.is(200)["payment"]["state"], "declined");
    phone.answer(&world, &cancelled, phone.yes(&cancelled, RIGHT_PIN)).await.is(409);

    waiting(&world, &till, &phone, 3).await;
    let late = phone.question(&world).await;
    world.clock.advance_s(90);
    phone.answer(&world, &late, phone.yes(&late, RIGHT_PIN)).await.is(409);
    eventually("the payment's end", async || look(&till, 3).await.status == 402).await;
    assert_eq!(phone.questions(&world).await, []);

    let told = phone.confirmations(&world, 0).await;
    let causes: Vec<_> = told.iter().map(|told| (told.kind.name(), told.cause.name())).collect();
    assert_eq!(causes, vec![("declined", Some("approval_needed")); 3]);
    assert_eq!(world.bank.asked().len(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_device_with_its_pin_approves_and_only_what_it_was_asked() {
    let world = world().await;
    let (till, phone, other) =
        (world.till(&[7]).await, world.paying_phone().await, world.paying_phone().await);
    waiting(&world, &till, &phone, 1).await;
    let opened = phone.question(&world).await;
    // Another phone: it was not asked, and cannot read what was.
    other.answer(&world, &opened, other.yes(&opened, RIGHT_PIN)).await.is(404);
    assert_eq!(other.questions(&world).await, []);
    // Another key than the device's, another question, the other decision's signature, no proof, another question's proof.
    let strange = phone.signature(Decision::Approve, &opened.hash, &other.device_key);
    let elsewhere = phone.signature(Decision::Approve, &[7; 32], &phone.device_key);
    let refusal = phone.signature(Decision::Refuse, &opened.hash, &phone.device_key);
    let signature = phone.signature(Decision::Approve, &opened.hash, &phone.device_key);
    let right = || Some(phone.proof(opened.hash, RIGHT_PIN));
    for (signature, proof) in
        [(&strange, right()), (&elsewhere, right()), (&refusal, right()), (&signature, None)]
    {
        let answer = approval::Answer::new(Decision::Approve, signature, proof).to_bytes();
        let answer = serde_json::from_slice(&answer).unwrap();
        phone.answer(&world, &opened, answer).await.is(400);
    }
    assert_eq!(phone.status(&world).await.pin_tries_left, 3, "what is not the device's own counts nothing");
    let other_proof = phone.proof([7; 32], RIGHT_PIN);
    let answer = approval::Answer::new(Decision::Approve, &signature, Some(other_proof)).to_bytes();
    phone.answer(&world, &opened, serde_json::from_slice(&answer).unwrap()).await.is(403);
    phone.answer(&world, &opened, phone.yes(&opened, WRONG_PIN)).await.is(403);
    assert_eq!(phone.status(&world).await.pin_tries_left, 1, "wrong PINs count as everywhere");
    phone.answer(&world, &opened, phone.yes(&opened, RIGHT_PIN)).await.is(200);
    assert_eq!(phone.status(&world).await.pin_tries_left, 3);
    look(&till, 1).await.is(201);

    // A locked phone approves nothing.
    waiting(&world, &till, &phone, 2).await;
    let opened = phone.question(&world).await;
    phone.ask(&world, Method::POST, "/v1/enrolment/lock", None).await.is(200);
    phone.answer(&world, &opened, phone.yes(&opened, RIGHT_PIN)).await.is(409);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_listens_is_asked_at_once() {
    let world = world().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let mut stream = world.listen(phone.signed(&world, &Method::GET, "/v1/confirmations/stream", None)).await;
    waiting(&world, &till, &phone, 1).await;
    let opened = phone.read(&stream.next_question().await.unwrap());
    phone.answer(&world, &opened, phone.yes(&opened, RIGHT_PIN)).await.is(200);
    let id = parse(&look(&till, 1).await.is(201)["id"]);
    till.capture("c", id, json!({})).await.is(201);
    assert_eq!(phone.open(&stream.next().await.unwrap()).kind.name(), "captured");
    // One that comes later is told what waits.
    waiting(&world, &till, &phone, 2).await;
    let mut later =
        world.listen(phone.signed(&world, &Method::GET, "/v1/confirmations/stream?after=1", None)).await;
    assert_eq!(later.next_question().await.unwrap().id, phone.question(&world).await.question.id);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_has_a_transfer_approved_and_can_prove_it() {
    let world = World::new().await;
    let phone = world.paying_phone().await;
    let customer = world.enrolment(phone.enrolment).await.customer;
    let path = format!("/v1/admin/customers/{customer}/approvals");
    let transfer = json!({"reference": "T-1", "kind": "transfer", "amount_minor": 70_000, "currency": "CHF",
        "payee": "Max Muster", "text": "CH93 0076 2011 6238 5295 7"});
    let ask = async |asked: &Value| world.operator(Method::POST, &path, Some(asked.clone())).await;
    let asked: ApprovalView = parse(&ask(&transfer).await.is(201));
    let again: ApprovalView = parse(&ask(&transfer).await.is(201));
    assert_eq!(asked, again, "the same reference asks once");
    let mut other = transfer.clone();
    other["amount_minor"] = json!(70_001);
    ask(&other).await.is(409);

    let opened = phone.question(&world).await;
    assert_eq!(opened.question.amount(), Some(Money::new(70_000, Currency::CHF)));
    phone.answer(&world, &opened, phone.yes(&opened, RIGHT_PIN)).await.is(200);
    let show = format!("/v1/admin/approvals/{}/{}", asked.enrolment, asked.id);
    let view: ApprovalView =
        parse(&world.operator(Method::GET, &format!("{show}?wait_s=5"), None).await.is(200));
    assert_eq!(serde_json::to_value(view.state).unwrap(), "approved");
    // What the bank keeps: question, signature, certificate.
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let question = QuestionBytes::from_kept(decode(&view.question)).unwrap();
    assert_eq!(question.question().payee.unwrap().as_str(), "Max Muster");
    let certificate = crypto::x509::Certificate::read(&decode(&view.certificate)).unwrap();
    let signature = decode(view.signature.as_deref().unwrap()).try_into().unwrap();
    let answer = approval::Answer::of(Decision::Approve, signature);
    let realm = world.keys.realm();
    answer.verify(realm, phone.enrolment, &question.hash(), certificate.public_key()).unwrap();
    assert!(answer.verify(realm, phone.enrolment, &[7; 32], certificate.public_key()).is_err());

    // One that is taken back is not answered any more.
    let login = json!({"reference": "L-1", "kind": "login", "payee": "e-banking", "within_s": 60});
    let asked: ApprovalView = parse(&ask(&login).await.is(201));
    let opened = phone.question(&world).await;
    let withdraw = format!("/v1/admin/approvals/{}/{}/withdraw", asked.enrolment, asked.id);
    world.operator(Method::POST, &withdraw, None).await.is(200);
    phone.answer(&world, &opened, phone.yes(&opened, RIGHT_PIN)).await.is(409);
    let actions = world.audit_actions().await;
    for action in ["approval.asked", "approval.approved", "approval.withdrawn"] {
        assert!(actions.iter().any(|done| done == action), "{action} is on record");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_s_question_that_cannot_be_asked_says_why() {
    let world = World::new().await;
    let phone = world.paying_phone().await;
    let customer = world.enrolment(phone.enrolment).await.customer;
    let path = format!("/v1/admin/customers/{customer}/approvals");
    let ask = async |asked: Value| world.operator(Method::POST, &path, Some(asked)).await;
    for bad in [
        json!({"reference": "", "kind": "login"}),
        json!({"reference": "a b", "kind": "login"}),
        json!({"reference": "a", "kind": "login", "within_s": 5}),
        json!({"reference": "a", "kind": "login", "amount_minor": 5}),
        json!({"reference": "a", "kind": "transfer", "payee": "Max"}),
        json!({"reference": "a", "kind": "transfer", "amount_minor": 0, "currency": "CHF", "payee": "Max"}),
        json!({"reference": "a", "kind": "other"}),
        json!({"reference": "a", "kind": "other", "text": "\u{202e}"}),
        json!({"reference": "a", "kind": "payment"}),
    ] {
        ask(bad).await.is(400);
    }
    world.send(world.request(Method::POST, &path).body(Vec::new()).unwrap()).await.is(401);
    for number in 0..security::APPROVALS_WAITING_MAX {
        ask(json!({"reference": format!("r-{number}"), "kind": "login"})).await.is(201);
    }
    let full = ask(json!({"reference": "one-more", "kind": "login"})).await.is(409);
    assert!(
        full["detail"].as_str().unwrap().contains("too many")
            || full["detail"].as_str().unwrap().contains("Too many")
    );
    phone.ask(&world, Method::POST, "/v1/enrolment/lock", None).await.is(200);
    ask(json!({"reference": "locked", "kind": "login"})).await.is(409);
    world.end().await;
}
