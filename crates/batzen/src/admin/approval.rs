//! `batzen admin approval`: the bank's questions to its customers' phones.

use super::{OperatorClient, show};
use crate::failure::Failure;
use crate::output::Output;
use api::approval::{ApprovalRequest, ApprovalStateName, ApprovalView, RequestKind};
use clap::{Subcommand, ValueEnum};
use model::{ApprovalId, Currency, CustomerId, EnrolmentId};
use serde_json::json;

#[derive(Subcommand)]
pub(super) enum ApprovalCommand {
    /// Ask a customer on the phone. The same reference asks once.
    Ask(AskArgs),
    /// How a question stands, with the phone's signature once it is answered.
    Show {
        /// Whose device.
        enrolment: EnrolmentId,
        /// Which question.
        approval: ApprovalId,
        /// Wait so many seconds for the answer, at most 20.
        #[arg(long, default_value_t = 0, value_name = "SECONDS")]
        wait: u8,
    },
    /// Take a question back that was not answered.
    Withdraw {
        /// Whose device.
        enrolment: EnrolmentId,
        /// Which question.
        approval: ApprovalId,
    },
}

/// Arguments of `batzen admin approval ask`.
#[derive(clap::Args)]
pub(super) struct AskArgs {
    /// Who is asked.
    customer: CustomerId,
    /// What is to be approved.
    #[arg(long, value_enum)]
    kind: Kind,
    /// The bank's own name for it.
    #[arg(long)]
    reference: String,
    /// How much, in minor units; a transfer has it.
    #[arg(long, requires = "currency")]
    amount_minor: Option<i64>,
    /// ISO 4217 code.
    #[arg(long, requires = "amount_minor")]
    currency: Option<Currency>,
    /// To whom, or where; a transfer has it.
    #[arg(long)]
    payee: Option<String>,
    /// What else the customer shall read.
    #[arg(long)]
    text: Option<String>,
    /// The device that is asked; the one that was online last if absent.
    #[arg(long)]
    enrolment: Option<EnrolmentId>,
    /// How long the customer may take.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    within: u32,
}

/// What a bank asks about.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    /// A transfer.
    Transfer,
    /// A login.
    Login,
    /// Something else, in the words of --text.
    Other,
}

impl From<Kind> for RequestKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Transfer => Self::Transfer,
            Kind::Login => Self::Login,
            Kind::Other => Self::Other,
        }
    }
}

pub(super) async fn run(
    client: &OperatorClient,
    command: ApprovalCommand,
    output: &Output,
) -> Result<(), Failure> {
    let view: ApprovalView = match command {
        ApprovalCommand::Ask(asked) => {
            let path = format!("/v1/admin/customers/{}/approvals", asked.customer);
            let AskArgs { kind, reference, amount_minor, currency, payee, text, enrolment, within, .. } =
                asked;
            let kind = kind.into();
            let request = ApprovalRequest {
                reference,
                kind,
                amount_minor,
                currency,
                payee,
                text,
                enrolment,
                within_s: within,
            };
            client.post(&path, &request).await?
        }
        ApprovalCommand::Show { enrolment, approval, wait } => {
            client.get(&format!("/v1/admin/approvals/{enrolment}/{approval}?wait_s={wait}")).await?
        }
        ApprovalCommand::Withdraw { enrolment, approval } => {
            let path = format!("/v1/admin/approvals/{enrolment}/{approval}/withdraw");
            client.post(&path, &json!({})).await?
        }
    };
    let state = match view.state {
        ApprovalStateName::Waiting => "waiting for the customer",
        ApprovalStateName::Approved => "approved",
        ApprovalStateName::Refused => "refused",
        ApprovalStateName::Expired => "not answered in time",
        ApprovalStateName::Withdrawn => "withdrawn",
    };
    show(output, &view, format!("{} on device {}: {state}", view.id, view.enrolment));
    Ok(())
}
