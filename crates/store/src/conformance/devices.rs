//! The life of a customer's devices: lists, notices, certificates, codes of other purposes, erasure.

use super::payments::enrol_one;
use super::sample::{
    NOW, activation_code, begin, certificate, customer, devices, enrol, enrolled, enrolment, entry, lock,
    method, notice,
};
use super::{Place, enrolment_id, expect, expect_refused, expect_unchanged};
use model::{CustomerId, EnrolmentId};
use records::{
    ActivationUse, CertificateRow, ChangeDevices, Command, Customer, Devices, DevicesChange, Enrolment,
    EnrolmentChange, EnrolmentStatus, EraseCustomer, Method, MethodState, NOTICES_KEPT_MAX, NewNotice,
    NoticeKind, NoticeRow, Outcome, Page, PutMethod, Queries, RevocationReason, Store,
};

fn id() -> CustomerId {
    CustomerId::from_u128(1)
}

fn changing(command: &ChangeDevices) -> Command {
    Command::ChangeDevices(Box::new(command.clone()))
}

async fn kinds(store: &impl Store) -> Vec<(u32, NoticeKind)> {
    let rows = store.notices(id(), Page::first(1_000)).await.unwrap();
    rows.into_iter().map(|row| (row.sequence, row.notice.kind)).collect()
}

/// An activation writes list, certificate and notice with the enrolment, or nothing.
pub async fn an_enrolment_comes_with_its_place_certificate_and_notice(place: &impl Place) {
    let store = place.open();
    expect(&store, Command::CreateCustomer(customer(1), entry("customer.created")), Outcome::Done).await;
    for command in enrolled(1) {
        expect(&store, command, Outcome::Done).await;
    }
    assert_eq!(store.devices(id()).await.unwrap(), Some(devices(1)));
    assert_eq!(store.certificate([1; 16]).await.unwrap(), Some(certificate(1)));
    assert_eq!(kinds(&store).await, [(1, NoticeKind::Activated)]);
    let issue = Command::IssueActivationCode(activation_code(2), entry("activation.issued"));
    expect(&store, issue, Outcome::Done).await;
    let hashes = store.activation_codes_of(id()).await.unwrap();
    assert_eq!(hashes.len(), 2);
    assert_eq!(store.activation_codes_of(CustomerId::from_u128(2)).await.unwrap(), []);

    let mut stale = enrol(2);
    stale.devices.expected_version = 0;
    stale.devices.devices.version = 1;
    expect_unchanged(&store, Command::Enrol(Box::new(stale)), Outcome::Conflict).await;
    let mut taken = enrol(2);
    taken.certificate.serial = [1; 16];
    expect_unchanged(&store, Command::Enrol(Box::new(taken)), Outcome::Exists).await;
    let mut elsewhere = enrol(2);
    elsewhere.devices.devices.customer = CustomerId::from_u128(2);
    expect_refused(&store, Command::Enrol(Box::new(elsewhere))).await;
    let mut absent = enrol(2);
    absent.devices.devices.devices.pop();
    expect_refused(&store, Command::Enrol(Box::new(absent))).await;

    // One that takes another's place ends it in the same commit.
    let seen = store.enrolment(enrolment_id(1)).await.unwrap().unwrap();
    let status = EnrolmentStatus::Revoked { reason: RevocationReason::Replaced, since: NOW };
    let ended = Enrolment { version: 2, status, ..seen };
    let mut command = enrol(2);
    let told = Some(notice(NoticeKind::Revoked, 1));
    command.replaced = Some(EnrolmentChange {
        expected_version: 7,
        enrolment: Enrolment { version: 8, ..ended.clone() },
        notice: told.clone(),
    });
    expect_unchanged(&store, Command::Enrol(Box::new(command.clone())), Outcome::Conflict).await;
    command.replaced = Some(EnrolmentChange { expected_version: 1, enrolment: ended.clone(), notice: told });
    expect(&store, Command::Enrol(Box::new(command)), Outcome::Done).await;
    assert_eq!(store.enrolment(enrolment_id(1)).await.unwrap(), Some(ended));
    let expected = [(1, NoticeKind::Activated), (2, NoticeKind::Activated), (3, NoticeKind::Revoked)];
    assert_eq!(kinds(&store).await, expected);
}

/// A change follows the versions of list and enrolment, and happens wholly or not at all.
pub async fn devices_change_from_the_versions_seen(place: &impl Place) {
    let store = place.open();
    let seen = enrol_one(&store).await;
    let locked = lock(&seen, 1);
    expect_unchanged(&store, changing(&lock(&seen, 0)), Outcome::Conflict).await;
    let mut stale = locked.clone();
    stale.enrolments[0].expected_version = 5;
    stale.enrolments[0].enrolment.version = 6;
    expect_unchanged(&store, changing(&stale), Outcome::Conflict).await;
    let mut unknown = locked.clone();
    unknown.enrolments[0].enrolment.id = EnrolmentId::from_bytes([9; 6]);
    expect_unchanged(&store, changing(&unknown), Outcome::Missing).await;
    let mut strange = locked.clone();
    strange.customer = CustomerId::from_u128(2);
    expect_refused(&store, changing(&strange)).await;
    let mut told_elsewhere = locked.clone();
    let other = NewNotice { customer: CustomerId::from_u128(2), ..notice(NoticeKind::Locked, 1) };
    told_elsewhere.enrolments[0].notice = Some(other);
    expect_refused(&store, changing(&told_elsewhere)).await;
    let mut jump = locked.clone();
    jump.devices.as_mut().unwrap().devices.version = 9;
    expect_refused(&store, changing(&jump)).await;

    expect(&store, changing(&locked), Outcome::Done).await;
    expect_unchanged(&store, changing(&locked), Outcome::Conflict).await;
    assert_eq!(store.devices(id()).await.unwrap().unwrap().version, 2);
    let stored = store.enrolment(seen.id).await.unwrap().unwrap();
    assert_eq!(stored, locked.enrolments[0].enrolment);
    assert_eq!(kinds(&store).await, [(1, NoticeKind::Activated), (2, NoticeKind::Locked)]);

    // A code that locks tells of it in the commit that consumes it.
    let mut command = begin(1, &stored, 1);
    command.enrolment.as_mut().unwrap().notice = Some(notice(NoticeKind::Locked, 1));
    expect(&store, Command::BeginPayment(Box::new(command)), Outcome::Done).await;
    assert_eq!(kinds(&store).await.last(), Some(&(3, NoticeKind::Locked)));
}

/// A code and a certificate are used once, whatever they are for.
pub async fn codes_and_certificates_of_devices_are_used_once(place: &impl Place) {
    let store = place.open();
    let seen = enrol_one(&store).await;
    let issue = Command::IssueActivationCode(activation_code(2), entry("pin_reset_code.issued"));
    expect(&store, issue, Outcome::Done).await;
    let used = ActivationUse { request_hash: [2; 32], enrolment: seen.id, reply: Vec::new(), at: NOW };
    let fresh = CertificateRow { serial: [7; 16], ..certificate(1) };
    let base = lock(&seen, 1);
    let command = |code: u8, serial: u8| ChangeDevices {
        used_code: Some(([code; 32], used.clone())),
        certificate: Some(CertificateRow { serial: [serial; 16], ..fresh.clone() }),
        ..base.clone()
    };
    expect_unchanged(&store, changing(&command(3, 7)), Outcome::Missing).await;
    expect_unchanged(&store, changing(&command(1, 7)), Outcome::Exists).await;
    expect_unchanged(&store, changing(&command(2, 1)), Outcome::Exists).await;
    let mut late = command(2, 7);
    late.used_code.as_mut().unwrap().1.at = activation_code(2).expires_at.plus_ms(1);
    expect_unchanged(&store, changing(&late), Outcome::Missing).await;
    expect(&store, changing(&command(2, 7)), Outcome::Done).await;
    assert_eq!(store.activation_code([2; 32]).await.unwrap().unwrap().used, Some(used));
    assert_eq!(store.certificate([7; 16]).await.unwrap(), Some(fresh));
    assert_eq!(store.certificate([8; 16]).await.unwrap(), None);
}

/// Notices follow each other without a gap, and the oldest make room.
pub async fn notices_come_in_order_and_the_oldest_make_room(place: &impl Place) {
    let store = place.open();
    let mut seen = enrol_one(&store).await;
    let more = 5;
    for n in 1..NOTICES_KEPT_MAX + more {
        let command = lock(&seen, n);
        seen = command.enrolments[0].enrolment.clone();
        expect(&store, changing(&command), Outcome::Done).await;
    }
    let rows = store.notices(id(), Page::first(1_000)).await.unwrap();
    let sequences: Vec<u32> = rows.iter().map(|row| row.sequence).collect();
    assert_eq!(sequences, (more + 1..=NOTICES_KEPT_MAX + more).collect::<Vec<_>>());
    let page = store.notices(id(), Page::after(10, 3)).await.unwrap();
    assert_eq!(page.iter().map(|row| row.sequence).collect::<Vec<_>>(), [11, 12, 13]);
    assert_eq!(store.notices(CustomerId::from_u128(2), Page::first(3)).await.unwrap(), []);
}

/// An erasure wipes wholly or not at all.
pub async fn an_erasure_is_whole(place: &impl Place) {
    let store = place.open();
    let seen = enrol_one(&store).await;
    expect(&store, Command::BeginPayment(Box::new(begin(1, &seen, 1))), Outcome::Done).await;
    assert!(store.velocity(seen.id).await.unwrap().is_some(), "nothing to wipe");
    let seen = store.enrolment(seen.id).await.unwrap().unwrap();
    let put = PutMethod { expected_version: 0, method: method(1, 1), audit: entry("method.put") };
    expect(&store, Command::PutMethod(Box::new(put)), Outcome::Done).await;
    let status = EnrolmentStatus::Revoked { reason: RevocationReason::Erased, since: NOW };
    let wiped = Enrolment { version: 3, status, platform: String::new(), ..seen };
    let erased = Devices { version: 2, erased_at: Some(NOW), ..devices(1) };
    let change = EnrolmentChange { expected_version: 2, enrolment: wiped.clone(), notice: None };
    let removed = Method { state: MethodState::Removed { at: NOW }, ..method(1, 2) };
    let nameless = NewNotice { device_name: String::new(), ..notice(NoticeKind::Activated, 1) };
    let command = EraseCustomer {
        devices: ChangeDevices {
            customer: id(),
            devices: Some(DevicesChange { expected_version: 1, devices: erased.clone() }),
            enrolments: vec![change],
            used_code: None,
            certificate: None,
            audit: vec![entry("customer.erased")],
        },
        methods: vec![removed.clone()],
        notices: vec![NoticeRow { sequence: 1, notice: nameless.clone() }],
    };
    let erasing = |command: &EraseCustomer| Command::EraseCustomer(Box::new(command.clone()));
    expect_unchanged(&store, erasing(&command), Outcome::Missing).await;
    expect(&store, Command::CreateCustomer(customer(1), entry("customer.created")), Outcome::Done).await;
    let stale = EraseCustomer { methods: vec![Method { version: 4, ..removed.clone() }], ..command.clone() };
    expect_unchanged(&store, erasing(&stale), Outcome::Conflict).await;
    let mut unsaid = command.clone();
    unsaid.devices.devices.as_mut().unwrap().devices.erased_at = None;
    expect_refused(&store, erasing(&unsaid)).await;
    let mut others = command.clone();
    others.methods[0].customer = CustomerId::from_u128(2);
    expect_refused(&store, erasing(&others)).await;

    expect(&store, erasing(&command), Outcome::Done).await;
    expect_unchanged(&store, erasing(&command), Outcome::Conflict).await;
    let nobody = Customer { name: String::new(), ..customer(1) };
    assert_eq!(store.customer(id()).await.unwrap(), Some(nobody));
    assert_eq!(store.enrolment(enrolment_id(1)).await.unwrap(), Some(wiped));
    assert_eq!(store.velocity(enrolment_id(1)).await.unwrap(), None, "what was paid lately is still there");
    assert_eq!(store.methods(id()).await.unwrap(), [removed]);
    assert_eq!(store.devices(id()).await.unwrap(), Some(erased));
    assert_eq!(
        store.notices(id(), Page::first(9)).await.unwrap(),
        [NoticeRow { sequence: 1, notice: nameless }]
    );
    // What else there is of the customer is looked up as before.
    assert_eq!(store.enrolment(enrolment(1).id).await.unwrap().unwrap().customer, id());
}
