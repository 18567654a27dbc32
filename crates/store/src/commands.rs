//! The commands, each as: look, refuse or stage. Nothing here writes; the
//! [`Session`] does once a command is done. Every store carries out these same commands.

mod approvals;
mod apps;
mod check;
mod devices;
mod enrolments;
mod ledger;
mod parties;
mod payments;
mod policies;
mod requests;
mod rules;
mod webhooks;
mod work;

use crate::fault::Fault;
use crate::session::Session;
use records::{Command, Outcome};

/// Carries `command` out in `session`. Gives what became of it and whether anything was written.
///
/// # Errors
/// A refusal concerns this command alone and left nothing; an engine's fault spoils the transaction.
pub(crate) fn carry_out(session: &mut impl Session, command: Command) -> Result<(Outcome, bool), Fault> {
    let looked = stage(session, command);
    if let Ok(Outcome::Done) = looked {
        return Ok((Outcome::Done, session.write()?));
    }
    session.discard();
    Ok((looked?, false))
}

/// Looks at what `command` looks at, for a store that has to read it first.
pub(crate) fn look_ahead(session: &mut impl Session, command: Command) {
    // What would become of it is found out when its turn comes.
    let _ = stage(session, command);
    session.discard();
}

fn stage(session: &mut impl Session, command: Command) -> Result<Outcome, Fault> {
    match command {
        Command::CreateCustomer(customer, audit) => parties::create_customer(session, &customer, audit),
        Command::CreateMerchant(merchant, audit) => parties::create_merchant(session, &merchant, audit),
        Command::SetTerms { merchant, terms, audit } => parties::set_terms(session, merchant, terms, audit),
        Command::SetMerchantCategory { merchant, category, audit } => {
            parties::set_category(session, merchant, category, audit)
        }
        Command::ActivatePolicy(policy) => policies::activate(session, &policy),
        Command::CreateCheckout(checkout, audit) => parties::create_checkout(session, &checkout, audit),
        Command::PutMethod(command) => parties::put_method(session, *command),
        Command::PutApp(command) => apps::put(session, *command),
        Command::PublishRules(command) => rules::publish(session, *command),
        Command::IssueActivationCode(code, audit) => enrolments::issue_code(session, &code, audit),
        Command::Enrol(command) => enrolments::enrol(session, *command),
        Command::ChangeEnrolment(command) => enrolments::change(session, *command),
        Command::ChangeDevices(command) => devices::change(session, *command),
        Command::EraseCustomer(command) => devices::erase(session, *command),
        Command::PutApproval(command) => approvals::put(session, *command),
        Command::BeginPayment(command) => payments::begin(session, *command),
        Command::ChangePayment(command) => payments::change(session, *command),
        Command::Cancel(request, at) => requests::cancel(session, request, at),
        Command::DelayEffect { payment, effect, attempts, due_at } => {
            work::delay(session, payment, effect, attempts, due_at)
        }
        Command::MoveCheckMark(command) => check::move_mark(session, *command),
        Command::SignAudit(head) => work::sign(session, &head),
        Command::CreateWebhookEndpoint(command) => webhooks::create_endpoint(session, *command),
        Command::ChangeWebhookEndpoint(command) => webhooks::change_endpoint(session, *command),
        Command::RemoveWebhookEndpoint(endpoint, audit) => {
            webhooks::remove_endpoint(session, endpoint, audit)
        }
        Command::SettleWebhook(command) => webhooks::settle(session, *command),
        Command::ResendWebhook { payment, webhook, at, give_up_at } => {
            webhooks::resend(session, payment, webhook, at, give_up_at)
        }
        Command::ForgetWebhooks(ids) => webhooks::forget(session, &ids),
        Command::Record(entry) => session.audit(entry).map(|()| Outcome::Done),
    }
}
