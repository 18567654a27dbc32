//! `batzen admin device` and `batzen admin customer`: the life of customers' devices, and what customers may ask for by law.

use super::{OperatorClient, enrolment_line, show};
use crate::failure::Failure;
use crate::output::Output;
use api::admin::{
    ActivationCodeView, EnrolmentAdminPage, EnrolmentAdminView, RevocationReasonName, RevocationRequest,
};
use clap::{Subcommand, ValueEnum};
use model::{CustomerId, EnrolmentId, Timestamp};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(super) enum DeviceCommand {
    /// A customer's devices that were not revoked.
    List {
        /// Whose.
        customer: CustomerId,
    },
    /// How a device stands.
    Show {
        /// Which.
        enrolment: EnrolmentId,
    },
    /// Lock a device.
    Lock {
        /// Which.
        enrolment: EnrolmentId,
    },
    /// Unlock a device and forget its wrong PINs.
    Unlock {
        /// Which.
        enrolment: EnrolmentId,
    },
    /// Revoke a device for good. Banks are told the reason.
    Revoke {
        /// Which.
        enrolment: EnrolmentId,
        /// Why.
        #[arg(long, value_enum)]
        reason: Reason,
    },
    /// Issue a code for a phone that takes a device's place; the device is revoked when it is used. Printed once.
    Replace {
        /// Which device goes.
        enrolment: EnrolmentId,
    },
    /// Issue a code with which a device sets a new PIN and keeps its methods. Printed once.
    ResetPin {
        /// Which.
        enrolment: EnrolmentId,
    },
}

/// Why a device is revoked.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Reason {
    /// It is lost or stolen.
    Lost,
    /// Its keys may be somebody else's too.
    KeyCompromise,
    /// The customer has no more use for it.
    Retired,
    /// It is not said why.
    Unspecified,
}

#[derive(Subcommand)]
pub(super) enum CustomerCommand {
    /// Write all that is stored of a customer into one JSON file, readable by you alone.
    Export {
        /// Whose.
        customer: CustomerId,
        /// The file; it must not be there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Erase a customer: names and facts of devices are wiped, devices revoked, methods removed. It cannot be undone, and is
    /// refused while a payment is open. Payments, books and the audit trail stay, under the customer's id.
    Erase {
        /// Whom.
        customer: CustomerId,
    },
}

pub(super) async fn run(
    client: &OperatorClient,
    command: DeviceCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        DeviceCommand::List { customer } => {
            let page: EnrolmentAdminPage =
                client.get(&format!("/v1/admin/customers/{customer}/devices")).await?;
            let lines: Vec<String> = page.enrolments.iter().map(device_line).collect();
            show(output, &page, lines.join("\n"));
        }
        DeviceCommand::Show { enrolment } => {
            let view: EnrolmentAdminView = client.get(&format!("/v1/admin/enrolments/{enrolment}")).await?;
            show(output, &view, device_line(&view));
        }
        DeviceCommand::Lock { enrolment } => turn(client, enrolment, "lock", &json!({}), output).await?,
        DeviceCommand::Unlock { enrolment } => turn(client, enrolment, "unlock", &json!({}), output).await?,
        DeviceCommand::Revoke { enrolment, reason } => {
            let reason = match reason {
                Reason::Lost => RevocationReasonName::Lost,
                Reason::KeyCompromise => RevocationReasonName::KeyCompromise,
                Reason::Retired => RevocationReasonName::Retired,
                Reason::Unspecified => RevocationReasonName::Unspecified,
            };
            turn(client, enrolment, "revoke", &RevocationRequest { reason }, output).await?;
        }
        DeviceCommand::Replace { enrolment } => {
            let made = code(client, enrolment, "replacement-codes").await?;
            let text = code_text(&made, "for the phone that takes its place");
            show(output, &made, text);
        }
        DeviceCommand::ResetPin { enrolment } => {
            let made = code(client, enrolment, "pin-reset-codes").await?;
            let text = code_text(&made, "for a new PIN on that device");
            show(output, &made, text);
        }
    }
    Ok(())
}

pub(super) async fn run_customer(
    client: &OperatorClient,
    command: CustomerCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        CustomerCommand::Export { customer, out } => {
            let document = export(client, customer).await?;
            write_new(&out, &document)?;
            let done = json!({ "customer": customer, "file": out.display().to_string() });
            show(output, &done, format!("all that is stored of {customer} is in {}", out.display()));
        }
        CustomerCommand::Erase { customer } => {
            let done: Value =
                client.post(&format!("/v1/admin/customers/{customer}/erase"), &json!({})).await?;
            show(output, &done, format!("{customer} is erased"));
        }
    }
    Ok(())
}

async fn turn(
    client: &OperatorClient,
    id: EnrolmentId,
    verb: &str,
    body: &impl serde::Serialize,
    output: &Output,
) -> Result<(), Failure> {
    let view: EnrolmentAdminView = client.post(&format!("/v1/admin/enrolments/{id}/{verb}"), body).await?;
    show(output, &view, device_line(&view));
    Ok(())
}

async fn code(client: &OperatorClient, id: EnrolmentId, what: &str) -> Result<ActivationCodeView, Failure> {
    client.post(&format!("/v1/admin/enrolments/{id}/{what}"), &json!({})).await
}

fn code_text(made: &ActivationCodeView, what_for: &str) -> String {
    let until = Timestamp::from_ms(made.expires_at_ms);
    format!("{}\ngood until {until}, {what_for}", made.activation_code)
}

fn device_line(view: &EnrolmentAdminView) -> String {
    let name = if view.name.is_empty() { String::new() } else { format!(" \"{}\"", view.name) };
    let since =
        view.status_since_ms.map(|ms| format!(" since {}", Timestamp::from_ms(ms))).unwrap_or_default();
    let why = view.revoked_for.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    let until = Timestamp::from_ms(view.certificate_not_after_ms);
    format!(
        "{}{name}{since}{why}, certificate {} until {until}",
        enrolment_line(view),
        view.certificate_serial
    )
}

/// All parts of an export in one document: what comes in pages is asked for until there is no more.
async fn export(client: &OperatorClient, customer: CustomerId) -> Result<Value, Failure> {
    let path = format!("/v1/admin/customers/{customer}/export");
    let mut document: Value = client.get(&path).await?;
    let devices = document["devices"].as_array().cloned().unwrap_or_default();
    let (mut payments, mut confirmations) = (Vec::new(), Vec::new());
    for device in &devices {
        let enrolment = device["enrolment"].as_str().unwrap_or_default();
        let of = format!("enrolment={enrolment}&");
        payments.extend(pages(client, &format!("{path}/payments?{of}"), "payments").await?);
        let mut told = pages(client, &format!("{path}/confirmations?{of}"), "confirmations").await?;
        told.iter_mut().for_each(|one| one["enrolment"] = json!(enrolment));
        confirmations.extend(told);
    }
    document["payments"] = Value::Array(payments);
    document["confirmations"] = Value::Array(confirmations);
    document["audit"] = Value::Array(pages(client, &format!("{path}/audit?"), "audit").await?);
    Ok(document)
}

async fn pages(client: &OperatorClient, path: &str, name: &str) -> Result<Vec<Value>, Failure> {
    let (mut all, mut after) = (Vec::new(), 0_u64);
    loop {
        let page: Value = client.get(&format!("{path}after={after}")).await?;
        all.extend(page[name].as_array().cloned().unwrap_or_default());
        match page["next_after"].as_u64() {
            // A page that leads nowhere else would lead here for ever.
            Some(next) if next > after => after = next,
            _ => return Ok(all),
        }
    }
}

fn write_new(path: &Path, document: &Value) -> Result<(), Failure> {
    let cannot =
        |error: std::io::Error| Failure::new(format!("{} cannot be written: {error}", path.display()));
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).map_err(cannot)?;
    let text = format!("{document:#}\n");
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(cannot)
}
