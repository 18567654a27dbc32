//! The books: sums, merchants' terms, tasks that refused bookings left, disputes.

use super::{OperatorClient, show};
use crate::failure::Failure;
use crate::output::Output;
use api::books::{
    BalancePage, BalanceView, DisputeRequest, SettlementRequest, TaskPage, TaskView, TermsRequest, TermsView,
};
use api::payment::PaymentView;
use clap::{Subcommand, ValueEnum};
use model::{Currency, EffectId, MerchantId, Money, PaymentId, ProviderId, SettledWith, Timestamp};
use std::str::FromStr;

#[derive(Subcommand)]
pub(super) enum BooksCommand {
    /// The ledger's sums, debits less credits.
    Balances,
    /// Set all that a merchant pays for payments from now on; without any terms it pays nothing.
    SetTerms {
        /// Whose.
        merchant: MerchantId,
        /// PROVIDER:CURRENCY:FIXED:FEE:INCENTIVE, such as bank:CHF:10:125:50 for 10 rappen and 1.25 % of what is
        /// captured, and an incentive of 0.5 % for the customer.
        terms: Vec<TermsArg>,
    },
    /// What providers refused for good.
    Tasks {
        /// Those after this one.
        #[arg(long)]
        after: Option<EffectId>,
        /// Settled ones too.
        #[arg(long)]
        all: bool,
    },
    /// Settle a task: say where the money goes that it left in suspense.
    SettleTask {
        /// Which.
        task: EffectId,
        /// Of a refused capture, who bears the loss; of a refused refund, who has the money.
        #[arg(value_enum)]
        with: With,
    },
    /// Record that the customer disputes a captured payment at the provider.
    Dispute {
        /// Which.
        payment: PaymentId,
        /// How much, in minor units; all that the merchant still has of it if absent.
        #[arg(long)]
        amount_minor: Option<i64>,
    },
    /// Record that a dispute was decided for the merchant.
    DisputeWon {
        /// Which payment.
        payment: PaymentId,
    },
    /// Record that a dispute was decided for the customer: the provider takes the money back.
    DisputeLost {
        /// Which payment.
        payment: PaymentId,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum With {
    /// The provider paid, or paid out, after all.
    Provider,
    /// The merchant goes without, or keeps it.
    Merchant,
    /// The operator's own fees.
    Operator,
}

/// Terms in one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TermsArg(TermsView);

impl FromStr for TermsArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let [provider, currency, fixed, fee, incentive] = parts[..] else {
            return Err("write PROVIDER:CURRENCY:FIXED:FEE:INCENTIVE, such as bank:CHF:10:125:50".to_owned());
        };
        let rate = |text: &str| {
            text.parse().map_err(|_| format!("`{text}` is not a rate in hundredths of a percent, 0 to 10000"))
        };
        Ok(Self(TermsView {
            provider: provider.parse::<ProviderId>().map_err(|error| error.to_string())?,
            currency: currency.parse::<Currency>().map_err(|error| error.to_string())?,
            fee_fixed_minor: fixed
                .parse()
                .map_err(|_| format!("`{fixed}` is not an amount in minor units"))?,
            fee_basis_points: rate(fee)?,
            incentive_basis_points: rate(incentive)?,
        }))
    }
}

pub(super) async fn run(
    client: &OperatorClient,
    command: BooksCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        BooksCommand::Balances => {
            let page: BalancePage = client.get("/v1/admin/balances").await?;
            let lines: Vec<String> = page.balances.iter().map(balance_line).collect();
            show(output, &page, lines.join("\n"));
        }
        BooksCommand::SetTerms { merchant, terms } => {
            let asked = TermsRequest { terms: terms.into_iter().map(|terms| terms.0).collect() };
            let set: TermsRequest =
                client.put(&format!("/v1/admin/merchants/{merchant}/terms"), &asked).await?;
            let text = if set.terms.is_empty() {
                format!("{merchant} pays nothing")
            } else {
                set.terms.iter().map(terms_line).collect::<Vec<_>>().join("\n")
            };
            show(output, &set, text);
        }
        BooksCommand::Tasks { after, all } => {
            let query = after.map(|id| format!("?after={id}")).unwrap_or_default();
            let page: TaskPage = client.get(&format!("/v1/admin/tasks{query}")).await?;
            let shown = page.tasks.iter().filter(|task| all || task.settled_at_ms.is_none());
            let lines: Vec<String> = shown.map(task_line).collect();
            let text = if lines.is_empty() { "nothing to settle".to_owned() } else { lines.join("\n") };
            show(output, &page, text);
        }
        BooksCommand::SettleTask { task, with } => {
            let with = match with {
                With::Provider => SettledWith::Provider,
                With::Merchant => SettledWith::Merchant,
                With::Operator => SettledWith::Operator,
            };
            let path = format!("/v1/admin/tasks/{task}/settlement");
            let payment: PaymentView = client.post(&path, &SettlementRequest { with }).await?;
            show(output, &payment, format!("settled; {}", payment_line(&payment)));
        }
        BooksCommand::Dispute { payment, amount_minor } => {
            let path = format!("/v1/admin/payments/{payment}/dispute");
            let payment: PaymentView = client.post(&path, &DisputeRequest { amount_minor }).await?;
            show(output, &payment, payment_line(&payment));
        }
        BooksCommand::DisputeWon { payment } => decide(client, payment, "won", output).await?,
        BooksCommand::DisputeLost { payment } => decide(client, payment, "lost", output).await?,
    }
    Ok(())
}

async fn decide(
    client: &OperatorClient,
    payment: PaymentId,
    how: &str,
    output: &Output,
) -> Result<(), Failure> {
    let path = format!("/v1/admin/payments/{payment}/dispute/{how}");
    let payment: PaymentView = client.post(&path, &serde_json::json!({})).await?;
    show(output, &payment, payment_line(&payment));
    Ok(())
}

fn balance_line(view: &BalanceView) -> String {
    let money = |minor| match view.currency.parse() {
        Ok(currency) => Money::new(minor, currency).to_string(),
        Err(_) => format!("{minor} {}", view.currency),
    };
    format!(
        "{:<40} posted {:>16}  pending {:>16}",
        view.account,
        money(view.posted_minor),
        money(view.pending_minor)
    )
}

fn terms_line(view: &TermsView) -> String {
    let percent = |basis_points: u16| format!("{}.{:02} %", basis_points / 100, basis_points % 100);
    format!(
        "{} {}: fee {} and {}, incentive {}",
        view.provider,
        view.currency,
        Money::new(view.fee_fixed_minor.into(), view.currency),
        percent(view.fee_basis_points),
        percent(view.incentive_basis_points)
    )
}

fn task_line(task: &TaskView) -> String {
    let settled = task.settled_at_ms.map(|at| format!(", settled {}", Timestamp::from_ms(at)));
    format!(
        "{} {} of {}, {} minor units in suspense since {}{}: {}",
        task.id,
        task.booking,
        task.payment,
        task.amount_minor,
        Timestamp::from_ms(task.since_ms),
        settled.unwrap_or_default(),
        task.reason
    )
}

fn payment_line(payment: &PaymentView) -> String {
    let money = |minor| Money::new(minor, payment.currency);
    format!(
        "{} {:?}: captured {}, refunded {}, in dispute {}, charged back {}",
        payment.id,
        payment.state,
        money(payment.captured_minor),
        money(payment.refunded_minor),
        money(payment.disputed_minor),
        money(payment.charged_back_minor)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_strictly() {
        let read: TermsArg = "bank:CHF:10:125:50".parse().unwrap();
        assert_eq!(terms_line(&read.0), "bank CHF: fee 0.10 CHF and 1.25 %, incentive 0.50 %");
        for text in [
            "",
            "bank",
            "bank:CHF:10:125",
            "bank:XXX1:1:1:1",
            "bank:CHF:-1:1:1",
            "b:CHF:1:70000:1",
            "a:CHF:1:1:1:1",
        ] {
            assert!(text.parse::<TermsArg>().is_err(), "{text}");
        }
    }
}
