//! Customers, merchants, checkouts, methods, enrolments.

use super::sample::{
    activation_code, app, checkout, customer, enrol, enrolled, enrolment, entry, merchant, method, provider,
    publish_rules, put_app, terminal,
};
use super::{Place, enrolment_id, expect, expect_refused, expect_unchanged};
use model::{Counter, Currency, CustomerId, MethodSlot, SaleTerms};
use records::{
    ChangeEnrolment, Checkout, Command, Customer, Enrolment, EnrolmentChange, Merchant, MerchantTerms,
    Method, Outcome, PutApp, PutMethod, Queries, RULE_LISTS_KEPT,
};

/// A customer and a merchant are made once.
pub async fn parties_are_made_once(place: &impl Place) {
    let store = place.open();
    expect(&store, Command::CreateCustomer(customer(1), entry("customer.created")), Outcome::Done).await;
    let renamed = Customer { name: "Eve".into(), ..customer(1) };
    expect_unchanged(&store, Command::CreateCustomer(renamed, entry("customer.created")), Outcome::Exists)
        .await;
    assert_eq!(store.customer(customer(1).id).await.unwrap(), Some(customer(1)));
    assert_eq!(store.customer(customer(2).id).await.unwrap(), None);

    expect(&store, Command::CreateMerchant(merchant(1), entry("merchant.created")), Outcome::Done).await;
    expect_unchanged(&store, Command::CreateMerchant(merchant(1), entry("x")), Outcome::Exists).await;
    assert_eq!(store.merchant(merchant(1).id).await.unwrap(), Some(merchant(1)));
}

/// A merchant's terms are replaced as a whole, and nothing else of it.
pub async fn terms_are_replaced(place: &impl Place) {
    let store = place.open();
    let sale = SaleTerms { fee_fixed_minor: 10, fee_basis_points: 125, incentive_basis_points: 50 };
    let terms = |currency| vec![MerchantTerms { provider: provider(), currency, sale }];
    let set =
        |terms| Command::SetTerms { merchant: merchant(1).id, terms, audit: entry("merchant.terms_set") };
    expect_unchanged(&store, set(terms(Currency::CHF)), Outcome::Missing).await;
    expect(&store, Command::CreateMerchant(merchant(1), entry("merchant.created")), Outcome::Done).await;
    for currency in [Currency::CHF, Currency::EUR] {
        expect(&store, set(terms(currency)), Outcome::Done).await;
        let stored = store.merchant(merchant(1).id).await.unwrap().unwrap();
        assert_eq!(stored, Merchant { terms: terms(currency), ..merchant(1) });
    }
    let stored = store.merchant(merchant(1).id).await.unwrap().unwrap();
    assert_eq!(stored.terms_of(&provider(), Currency::EUR), sale);
    assert_eq!(stored.terms_of(&provider(), Currency::CHF), SaleTerms::default());
}

/// A checkout is found by id, key and till, and shares none of them.
pub async fn checkouts_share_no_key_and_no_till(place: &impl Place) {
    let store = place.open();
    let create = |checkout: &Checkout| Command::CreateCheckout(checkout.clone(), entry("checkout.created"));
    let first = Checkout { terminals: vec![terminal(5), terminal(6)], ..checkout(1) };
    expect(&store, create(&first), Outcome::Done).await;
    assert_eq!(store.checkout(first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.checkout_by_key([1; 32]).await.unwrap(), Some(first.clone()));
    assert_eq!(store.checkout_of_terminal(terminal(6)).await.unwrap(), Some(first.id));

    expect_unchanged(&store, create(&Checkout { id: first.id, ..checkout(2) }), Outcome::Exists).await;
    expect_unchanged(&store, create(&Checkout { api_key_hash: [1; 32], ..checkout(2) }), Outcome::Exists)
        .await;
    let shares_till = Checkout { terminals: vec![terminal(7), terminal(6)], ..checkout(2) };
    expect_unchanged(&store, create(&shares_till), Outcome::Exists).await;
    assert_eq!(store.checkout_of_terminal(terminal(7)).await.unwrap(), None);
    assert_eq!(store.checkout_by_key([2; 32]).await.unwrap(), None);
    expect(&store, create(&checkout(2)), Outcome::Done).await;
}

/// A method follows the version seen, 0 being one that is not there.
pub async fn methods_change_from_the_version_seen(place: &impl Place) {
    let store = place.open();
    let put = |method: Method| {
        let expected_version = method.version - 1;
        Command::PutMethod(Box::new(PutMethod { expected_version, method, audit: entry("method.put") }))
    };
    expect_unchanged(&store, put(method(1, 2)), Outcome::Missing).await;
    expect(&store, put(method(1, 1)), Outcome::Done).await;
    expect_unchanged(&store, put(method(1, 1)), Outcome::Conflict).await;
    expect_unchanged(&store, put(method(1, 3)), Outcome::Conflict).await;
    expect(&store, put(method(1, 2)), Outcome::Done).await;
    expect(&store, put(method(2, 1)), Outcome::Done).await;
    let others = Method { customer: CustomerId::from_u128(2), ..method(1, 1) };
    expect(&store, put(others), Outcome::Done).await;
    let jump = PutMethod { expected_version: 2, method: method(1, 9), audit: entry("method.put") };
    expect_refused(&store, Command::PutMethod(Box::new(jump))).await;

    let customer = CustomerId::from_u128(1);
    assert_eq!(store.methods(customer).await.unwrap(), [method(1, 2), method(2, 1)]);
    assert_eq!(store.method(customer, MethodSlot(2)).await.unwrap(), Some(method(2, 1)));
    assert_eq!(store.method(customer, MethodSlot(3)).await.unwrap(), None);
}

/// An app follows the version seen, 0 being one that is not there; all are listed.
pub async fn apps_change_from_the_version_seen(place: &impl Place) {
    let store = place.open();
    assert_eq!(store.apps().await.unwrap(), []);
    expect_unchanged(&store, put_app(1, 2), Outcome::Missing).await;
    expect(&store, put_app(2, 1), Outcome::Done).await;
    expect(&store, put_app(1, 1), Outcome::Done).await;
    expect_unchanged(&store, put_app(1, 1), Outcome::Conflict).await;
    expect_unchanged(&store, put_app(1, 3), Outcome::Conflict).await;
    expect(&store, put_app(1, 2), Outcome::Done).await;
    let jump = PutApp { expected_version: 2, app: app(1, 9), audit: entry("app.put") };
    expect_refused(&store, Command::PutApp(Box::new(jump))).await;
    assert_eq!(store.apps().await.unwrap(), [app(1, 2), app(2, 1)]);
    drop(store);
    assert_eq!(place.open().apps().await.unwrap(), [app(1, 2), app(2, 1)]);
}

/// A list of rules follows the last one; the latest ones are kept.
pub async fn lists_of_rules_follow_each_other(place: &impl Place) {
    let store = place.open();
    assert_eq!(store.latest_rule_list().await.unwrap(), None);
    expect_unchanged(&store, publish_rules(2), Outcome::Conflict).await;
    for version in 1..=RULE_LISTS_KEPT + 2 {
        expect(&store, publish_rules(version), Outcome::Done).await;
        expect_unchanged(&store, publish_rules(version), Outcome::Conflict).await;
    }
    drop(store);
    let store = place.open();
    let latest = store.latest_rule_list().await.unwrap().unwrap();
    assert_eq!((latest.version, &latest.list[..]), (RULE_LISTS_KEPT + 2, &b"list 34"[..]));
    assert_eq!(store.rule_list(2).await.unwrap(), None, "what nobody has any more was kept");
    assert_eq!(store.rule_list(3).await.unwrap().unwrap().version, 3);
}

/// A code that is there, unused and in time makes one enrolment with a free id.
pub async fn an_activation_code_makes_one_enrolment(place: &impl Place) {
    let store = place.open();
    let issue = |n| Command::IssueActivationCode(activation_code(n), entry("activation.issued"));
    let enrolling = |command: records::Enrol| Command::Enrol(Box::new(command));
    expect_unchanged(&store, enrolling(enrol(1)), Outcome::Missing).await;
    expect(&store, issue(1), Outcome::Done).await;
    expect_unchanged(&store, issue(1), Outcome::Exists).await;

    let mut late = enrol(1);
    late.used.at = activation_code(1).expires_at.plus_ms(1);
    expect_unchanged(&store, enrolling(late), Outcome::Missing).await;
    let mut others = enrol(1);
    others.enrolment.customer = CustomerId::from_u128(2);
    expect_refused(&store, enrolling(others)).await;

    expect(&store, enrolling(enrol(1)), Outcome::Done).await;
    assert_eq!(store.enrolment(enrolment_id(1)).await.unwrap(), Some(enrolment(1)));
    let used = store.activation_code([1; 32]).await.unwrap().unwrap();
    assert_eq!(used.used, Some(enrol(1).used));
    expect_unchanged(&store, enrolling(enrol(1)), Outcome::Exists).await;

    // A second code cannot take the enrolment's id, and is not used up by trying.
    expect(&store, issue(2), Outcome::Done).await;
    let mut taken = enrol(2);
    taken.enrolment = enrolment(1);
    taken.used.enrolment = enrolment_id(1);
    (taken.devices, taken.certificate) = (enrol(1).devices, enrol(1).certificate);
    expect_unchanged(&store, enrolling(taken), Outcome::Exists).await;
    assert_eq!(store.activation_code([2; 32]).await.unwrap().unwrap().used, None);
    expect(&store, enrolling(enrol(2)), Outcome::Done).await;
}

/// An enrolment follows the version seen.
pub async fn enrolments_change_from_the_version_seen(place: &impl Place) {
    let store = place.open();
    let change = |expected_version: u32, failures: u8| {
        let mut enrolment = Enrolment { version: expected_version + 1, counter: Counter(3), ..enrolment(1) };
        enrolment.pin.failures = failures;
        let change = EnrolmentChange { expected_version, enrolment, notice: None };
        Command::ChangeEnrolment(Box::new(ChangeEnrolment { change, audit: vec![entry("a"), entry("b")] }))
    };
    expect_unchanged(&store, change(1, 1), Outcome::Missing).await;
    for command in enrolled(1) {
        expect(&store, command, Outcome::Done).await;
    }
    expect(&store, change(1, 1), Outcome::Done).await;
    expect_unchanged(&store, change(1, 2), Outcome::Conflict).await;
    expect_unchanged(&store, change(3, 2), Outcome::Conflict).await;
    expect(&store, change(2, 2), Outcome::Done).await;
    let stored = store.enrolment(enrolment_id(1)).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.pin.failures), (3, 2));
}
