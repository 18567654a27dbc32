//! `batzen checkout show` and `status`: they only look, and take no lock.

use super::change::ask_about;
use super::journal_file::read_book;
use super::report::{FAILED, SaleReport, UNREACHABLE, standing};
use super::{Config, Till};
use crate::failure::Failure;
use api::checkout::CheckoutView;
use api::payment::PaymentView;
use checkout::{Sale, SaleRef};
use clap::Args;
use client::checkout::CheckoutClientError;
use model::Money;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Arguments of `batzen checkout show`.
#[derive(Args)]
pub(super) struct ShowArgs {
    /// The sale (S42) or the payment (pay_…); the latest sales if absent.
    sale: Option<SaleRef>,
    /// How many sales to list at most.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Do not ask the server.
    #[arg(long)]
    offline: bool,
}

/// Lists the latest sales, or shows one with what the server says of it now.
pub(super) async fn show(till: &Till<'_>, arguments: &ShowArgs) -> Result<ExitCode, Failure> {
    let book = read_book(till.state)?;
    let Some(name) = arguments.sale else {
        let sales: Vec<&Sale> = book.sales().rev().take(arguments.limit).collect();
        let documents: Vec<Value> = sales.iter().map(|sale| document(sale)).collect();
        let text = || match sales.is_empty() {
            true => "No sales yet.".to_owned(),
            false => sales.iter().map(|sale| line(sale)).collect::<Vec<_>>().join("\n"),
        };
        till.output.result(text, &json!({ "sales": documents, "open": book.open().count() }));
        return Ok(ExitCode::SUCCESS);
    };
    let sale = book.find(name).ok_or_else(|| Failure::new("this till's journal knows no such sale"))?;
    let told = if arguments.offline { None } else { Some(ask(till, sale).await) };
    let mut shown = document(sale);
    match &told {
        Some(Ok(payment)) => shown["server"] = json!(payment),
        Some(Err(cause)) => shown["server_error"] = json!(cause),
        None => {}
    }
    till.output.result(|| detail(sale, told.as_ref()), &shown);
    Ok(ExitCode::SUCCESS)
}

async fn ask(till: &Till<'_>, sale: &Sale) -> Result<PaymentView, String> {
    let config = till.config().map_err(|failure| failure.message)?;
    ask_about(&config, sale).await
}

fn document(sale: &Sale) -> Value {
    let mut shown = json!(SaleReport::from(sale));
    shown["standing"] = json!(standing(sale));
    let done = sale.done().iter().map(|done| {
        json!({ "action": done.action.name(), "amount_minor": done.amount_minor, "at": done.at.to_string() })
    });
    shown["done"] = done.collect();
    if let Some(failure) = sale.failed() {
        shown["failed"] = json!(failure.to_string());
    }
    shown
}

fn line(sale: &Sale) -> String {
    let report = SaleReport::from(sale);
    let amount = report.amount.unwrap_or_default();
    let payment = report.payment.map_or_else(String::new, |payment| payment.to_string());
    let reference = report.reference.unwrap_or_default();
    let line = format!(
        "{:<6} {}  {amount:>14}  {:<22} {payment}  {reference}",
        report.sale,
        report.scanned_at,
        standing(sale)
    );
    line.trim_end().to_owned()
}

fn detail(sale: &Sale, told: Option<&Result<PaymentView, String>>) -> String {
    let mut lines = vec![line(sale), SaleReport::from(sale).times()];
    for done in sale.done() {
        let currency = sale.payment().map(|payment| payment.currency);
        let amount = currency.map_or_else(String::new, |it| Money::new(done.amount_minor, it).to_string());
        lines.push(format!("{} {amount} at {}", done.action.name(), done.at));
    }
    if let Some(failure) = sale.failed() {
        lines.push(format!("last try failed: {failure}"));
    }
    match told {
        Some(Ok(payment)) => {
            let money = |minor| Money::new(minor, payment.currency);
            lines.push(format!(
                "the server: {}, captured {}, refunded {}",
                json!(payment.state).as_str().unwrap_or_default(),
                money(payment.captured_minor),
                money(payment.refunded_minor)
            ));
        }
        Some(Err(cause)) => lines.push(format!("the server: {cause}")),
        None => {}
    }
    lines.join("\n")
}

/// Whether all that a sale needs is there.
pub(super) async fn status(till: &Till<'_>) -> Result<ExitCode, Failure> {
    let config = till.config()?;
    let book = read_book(till.state)?;
    let told = config.client.checkout().await;
    let (exit_code, words) = judge(&config, &told);
    let open: Vec<String> = book.open().map(|sale| sale.number().to_string()).collect();
    let count = book.sales().count();
    let document = json!({
        "server_url": config.server.as_str(), "terminal": config.terminal, "currency": config.currency,
        "server": words, "checkout": told.as_ref().ok(), "sales": count, "open": open, "exit_code": exit_code,
    });
    let text = || {
        let unfinished = if open.is_empty() { "none".to_owned() } else { open.join(", ") };
        format!(
            "server   {} — {words}\ntill     {} in {}\nsales    {count} in the journal; unfinished: {unfinished}",
            config.server.as_str(),
            config.terminal,
            config.currency
        )
    };
    till.output.result(text, &document);
    Ok(ExitCode::from(exit_code))
}

fn judge(config: &Config, told: &Result<CheckoutView, CheckoutClientError>) -> (u8, String) {
    match told {
        Ok(checkout) if checkout.terminals.contains(&config.terminal) => {
            (0, format!("{}, {}", checkout.merchant_name, checkout.name))
        }
        Ok(checkout) => {
            let tills: Vec<String> = checkout.terminals.iter().map(ToString::to_string).collect();
            let words =
                format!("till {} is not one of this checkout's ({})", config.terminal, tills.join(", "));
            (FAILED, words)
        }
        Err(error @ CheckoutClientError::NoAnswer(_)) => (UNREACHABLE, error.to_string()),
        Err(error) => (FAILED, error.to_string()),
    }
}
