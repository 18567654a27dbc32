//! A phone: the wallet's core with keys in memory.

use bank_api::Password;
use client::bank_customer::BankCustomer;
use client::phone::{PhoneClient, Signer};
use crypto::SystemRandom;
use model::{Counter, Currency, Money, TerminalNumber, Timestamp};
use protocol::activation_request::{Attestation, Platform};
use protocol::evidence::Evidence;
use protocol::payment_code::Pin;
use protocol::realm_file::RealmFile;
use protocol::short_text::ShortText;
use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};
use wallet::{Applicant, CodeRequest, DevicePublicKeys, MemoryVault, State};

/// The most that a code is good for, in Rappen.
const CAP_MINOR: i64 = 5_000;

/// The present moment by this machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// See the module.
pub(crate) struct Phone {
    /// As in histories.
    pub(crate) name: String,
    keys: MemoryVault,
    state: State,
}

/// A code that was shown.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) payer: String,
    pub(crate) counter: Counter,
    pub(crate) digits: String,
}

impl Phone {
    /// Activates a new phone and adds the customer's account to it.
    pub(crate) async fn activate(
        name: String,
        realm: &RealmFile,
        activation_code: &str,
        customer_number: &str,
    ) -> Result<Self, Box<dyn Error>> {
        let random = &mut SystemRandom;
        let keys = MemoryVault::make(random);
        let client = PhoneClient::new(realm)?;
        let mut state = State::new(realm.clone());
        let applicant = Applicant {
            activation_code: activation_code.parse().map_err(|_| "not an activation code")?,
            challenge: client.challenge().await?,
            pin: Pin::parse(e2e::PIN)?,
            platform: platform(realm)?,
            attestation: Attestation::None {},
            evidence: Evidence::empty(),
        };
        let draft = state.draft_activation(applicant, &DevicePublicKeys::of(&keys)?, now(), random)?;
        let signatures = draft.sign(&keys)?;
        let request = state.begin_activation(draft, &signatures, random)?.stored();
        let sent_at = now();
        let reply = client.activate(request).await?;
        state.complete_activation(&reply, keys.device.verifying_key(), sent_at, now())?;
        let mut phone = Self { name, keys, state };
        phone.add_account(&client, realm, customer_number).await?;
        Ok(phone)
    }

    async fn add_account(
        &mut self,
        client: &PhoneClient,
        realm: &RealmFile,
        customer_number: &str,
    ) -> Result<(), Box<dyn Error>> {
        let method = client.add_method(self.signer()?, "bank".parse()?).await?;
        let (Some(link), Some(bank), Some(partner)) = (method.link, &method.proof_url, &method.partner)
        else {
            return Err("the server did not say where the account is to be proved".into());
        };
        let password = Password::from_string(e2e::BANK_PASSWORD.to_owned());
        let number = customer_number.parse().map_err(|_| "not a customer's number")?;
        let customer = BankCustomer::log_in(bank, &realm.tls_roots_pem, number, password).await?;
        let accounts = customer.accounts().await?;
        let account = accounts.first().ok_or("the customer has no account")?;
        let proof = customer.prove(link, account.account_id, partner).await?;
        let proved = client.prove_method(self.signer()?, method.slot, proof).await?;
        self.state.apply_method(proved)?;
        Ok(())
    }

    fn signer(&self) -> Result<Signer<'_>, Box<dyn Error>> {
        let enrolment = self.state.enrolment().ok_or("the phone is not activated")?;
        let server_time = self.state.server_time(now());
        Ok(Signer { enrolment, online_key: &self.keys.online, server_time })
    }

    /// The next code, good at that till only.
    pub(crate) fn code(&mut self, terminal: Option<TerminalNumber>) -> Result<Code, Box<dyn Error>> {
        let cap = Some(Money::new(CAP_MINOR, Currency::CHF));
        let request = CodeRequest { method: None, cap, terminal };
        let pin = Pin::parse(e2e::PIN)?;
        let random = &mut SystemRandom;
        let (pending, _) = self.state.make_code(&pin, &request, Evidence::empty(), now(), random)?;
        let shown = pending.stored().sign(&self.keys)?;
        Ok(Code { payer: self.name.clone(), counter: shown.counter, digits: shown.code.to_digits() })
    }
}

fn platform(realm: &RealmFile) -> Result<Platform, Box<dyn Error>> {
    let text = |text: &str| ShortText::new(text);
    Ok(Platform {
        os: text("linux")?,
        os_version: text("6")?,
        model: text("storm")?,
        app_id: text(&realm.app.id)?,
        app_version: text(&realm.app.version)?,
        app_digest: None,
    })
}
