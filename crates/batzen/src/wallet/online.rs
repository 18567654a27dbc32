//! What online commands share: who signs, and how refusals end a command.

use super::folder::{BUSY, OpenWallet};
use crate::failure::Failure;
use crate::service::SystemClock;
use api::problem::ProblemType;
use client::bank_customer::BankCustomerError;
use client::phone::{PhoneClient, PhoneError, Signer};
use https::HttpsError;
use model::{Clock, Timestamp};
use wallet::{Vault, WalletError};

/// The server or the bank refused.
const REFUSED: u8 = 3;
/// The network cannot be reached or broke, or the server is busy: later it may go well.
const UNREACHABLE: u8 = 4;

pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

/// The wallet's server.
pub(super) fn client_of(wallet: &OpenWallet) -> Result<PhoneClient, Failure> {
    let client = PhoneClient::new(wallet.state.realm_file()).map_err(phone_failure)?;
    Ok(client.with_app_digest(super::program::digest()))
}

/// Who signs this wallet's requests now.
pub(super) fn signer_of(wallet: &OpenWallet) -> Result<Signer<'_>, Failure> {
    let enrolment = wallet.state.enrolment().ok_or(WalletError::NotActivated)?;
    Ok(Signer {
        enrolment,
        online_key: wallet.vault.online_key(),
        server_time: wallet.state.server_time(now()),
    })
}

/// Learns how the wallet stands with the server, and stores it.
pub(super) async fn refresh(client: &PhoneClient, wallet: &mut OpenWallet) -> Result<(), Failure> {
    let sent_at = now();
    let view = client.enrolment(signer_of(wallet)?, sent_at).await.map_err(phone_failure)?;
    wallet.state.apply_enrolment(&view, sent_at, now())?;
    wallet.store()?;
    // Sensors go on with the list that they have; the next exchange tries again.
    let _ = super::rules::renew(client, wallet).await;
    // A PIN change that had no answer gets one now. If it is refused, that is the customer's next question.
    let _ = super::pin::send(client, wallet).await;
    // Neither keeps anybody from what was asked for: both are tried again whenever the wallet is online.
    let _ = super::devices::renew(client, wallet).await;
    let _ = super::devices::fetch_notices(client, wallet).await;
    Ok(())
}

pub(super) fn phone_failure(error: PhoneError) -> Failure {
    match error {
        PhoneError::NoAnswer(error) => unreachable("the payment server", &error),
        PhoneError::Refused(problem) => {
            let is_busy = matches!(
                problem.problem_type,
                ProblemType::Unavailable | ProblemType::TooManyRequests | ProblemType::ProviderUnavailable
            );
            let code = if is_busy { UNREACHABLE } else { REFUSED };
            Failure::new(PhoneError::Refused(problem)).with_code(code)
        }
        error => Failure::new(error),
    }
}

/// Whether the same may go well in a moment.
pub(super) fn is_passing(failure: &Failure) -> bool {
    matches!(failure.exit_code, UNREACHABLE | BUSY)
}

pub(super) fn bank_failure(error: BankCustomerError) -> Failure {
    match error {
        BankCustomerError::NoAnswer(error) => unreachable("the bank", &error),
        BankCustomerError::Refused(_) => Failure::new(error).with_code(REFUSED).context("at the bank"),
        error => Failure::new(error).context("at the bank"),
    }
}

fn unreachable(whom: &str, error: &HttpsError) -> Failure {
    let text = if error.surely_not_sent() {
        format!("{whom} cannot be reached, and nothing was sent: {error}; check the network and try again")
    } else {
        format!("{whom} did not answer: {error}; it may have heard, so run the same command again")
    };
    Failure::new(text).with_code(UNREACHABLE)
}
