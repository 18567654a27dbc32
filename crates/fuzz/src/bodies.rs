//! JSON bodies, of the payment server's door and of the bank's two.

use core::fmt::Debug;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads the input as each of these types.
macro_rules! read_as {
    ($data:expr, $($module:ident :: { $($body:ident),* $(,)? }),* $(,)?) => {
        $($( is_read_and_written::<$module::$body>($data); )*)*
    };
}

/// Every request and answer of the payment server.
pub fn api_bodies(data: &[u8]) {
    use api::{admin, books, check, checkout, device, payment, phone, problem, webhook};
    read_as!(
        data,
        admin::{
            CustomerRequest, CustomerView, MerchantRequest, MerchantView, CheckoutRequest, EnrolmentAdminPage,
            PaymentStory, StepsPage, RevocationRequest,
        },
        books::{BalancePage, TermsRequest, TaskPage, SettlementRequest, DisputeRequest},
        check::{CheckRequest, ChecksView},
        checkout::{CheckoutView},
        device::{
            DevicePage, DeviceNameRequest, RevokeRequest, MoveRequest, CertificateRequest, CertificateView,
            NoticePage, CertificateStatusRequest,
        },
        payment::{
            PaymentRequest, CaptureRequest, RefundRequest, CancellationRequest, CancellationView, PaymentView,
            CaptureView, RefundView, PaymentPage,
        },
        phone::{
            ChallengeView, EnrolmentView, ResyncRequest, MethodRequest, ProofRequest, MethodPage,
            ConfirmationPage,
        },
        problem::{Problem},
        webhook::{
            WebhookBody, WebhookEndpointRequest, WebhookEndpointList, DeadWebhookPage, ResendRequest, ResentView,
        },
    );
}

/// Every request and answer of the bank, for partners and for customers.
pub fn bank_bodies(data: &[u8]) {
    read_as!(
        data,
        bank_api::{
            LinkRequest, LinkAnswer, HoldRequest, HoldAnswer, HoldStatus, CaptureRequest, CaptureAnswer,
            ReleaseRequest, ReleaseAnswer, RefundRequest, RefundAnswer, LoginRequest, LoginAnswer,
            AccountsAnswer, ProofRequest, ReturningProofRequest, PartnerView, ProofAnswer, StatementAnswer,
            LinksAnswer, AuthenticationStatement, Problem,
        },
    );
    if let Ok(hold) = serde_json::from_slice::<bank_api::HoldRequest>(data)
        && hold.is_well_formed()
    {
        assert!((1..=bank_api::AMOUNT_MINOR_MAX).contains(&hold.amount_minor));
        assert_eq!(hold.authentication_signature.0.len(), 64);
    }
}

/// What was read is written as something that reads the same.
fn is_read_and_written<T: Serialize + DeserializeOwned + Debug>(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<T>(data) else { return };
    let written = serde_json::to_vec(&body).expect("bodies have string keys and no failing parts");
    let again: T = serde_json::from_slice(&written).expect("what was written reads");
    assert_eq!(serde_json::to_vec(&again).ok(), Some(written), "{:?}", core::any::type_name::<T>());
    assert_eq!(format!("{again:?}"), format!("{body:?}"));
}
