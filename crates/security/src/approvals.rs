//! Questions to a customer's device, and their answers (`spec/approval.md`): a payment that policy wants approved, or a
//! request of the bank's own. What was approved is kept: the question's very bytes with the device's signature.

use crypto::{Random, p256::VerifyingKey};
use model::{ApprovalId, CustomerId, EnrolmentId, PaymentId, Timestamp};
use protocol::{
    approval::{Answer, Decision, Question, QuestionBytes, SealedQuestion, Subject},
    authentication_statement::{AuthenticationStatement, SignedStatement},
    pin_proof::PinProofPurpose,
};
use records::{
    Actor, Approval, ApprovalChange, ApprovalPurpose, ApprovalState, AuditEntry, Command, Enrolment,
    EnrolmentStatus, Outcome, Page, PutApproval,
};

use crate::{AuthenticatedDevice, Security, SecurityError, security::TRIES_MAX};

/// The most questions that may wait for one device.
pub const APPROVALS_WAITING_MAX: usize = 10;
/// How many of a device's latest questions are looked at.
const LATEST: usize = 100;
/// The check that a provider is told was made when the customer approved.
const CHECK: &str = "approval";

/// What the bank wants approved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApprovalRequest {
    /// Who is asked.
    pub customer: CustomerId,
    /// On which device; on the one that was online last if none is named.
    pub enrolment: Option<EnrolmentId>,
    /// The bank's own name for it, 1 to 64 printable ASCII characters.
    pub reference: String,
    /// What is asked.
    pub subject: Subject,
    /// How long the customer may take, seconds.
    pub within_s: u32,
}

/// How a device's answer was taken.
#[derive(Debug)]
pub enum Answered {
    /// It is about a payment, which must be moved with it.
    Payment(Box<AnsweredApproval>),
    /// It is about a request of the bank, and on record.
    Request(Box<Approval>),
    /// The same was answered before.
    Before(Box<Approval>),
}

/// A customer's answer about a payment, checked and not committed yet: for
/// [`ChangePayment::approval`](records::ChangePayment::approval). Made by [`Security::answer_approval`] alone.
#[derive(Debug)]
pub struct AnsweredApproval {
    payment: PaymentId,
    decision: Decision,
    change: ApprovalChange,
    statement: Option<SignedStatement>,
}

/// What an [`AnsweredApproval`] holds, taken out to be committed.
#[derive(Debug)]
#[non_exhaustive]
pub struct AnsweredParts {
    /// The payment that was approved or refused.
    pub payment: PaymentId,
    /// Which of the two.
    pub decision: Decision,
    /// The approval as it shall be.
    pub change: ApprovalChange,
    /// After a yes, what the provider is told.
    pub statement: Option<SignedStatement>,
}

impl AnsweredApproval {
    /// The payment that was approved or refused.
    #[must_use]
    pub const fn payment(&self) -> PaymentId {
        self.payment
    }

    /// Takes everything out, to be committed in one command.
    #[must_use]
    pub fn into_parts(self) -> AnsweredParts {
        let Self { payment, decision, change, statement } = self;
        AnsweredParts { payment, decision, change, statement }
    }
}

impl Security {
    /// What a device is asked and has not answered, latest first.
    ///
    /// # Errors
    /// [`SecurityError::Store`].
    pub async fn waiting_approvals(
        &self,
        enrolment: EnrolmentId,
        now: Timestamp,
    ) -> Result<Vec<Approval>, SecurityError> {
        let mut approvals = self.store.approvals(enrolment, Page::first(LATEST)).await?;
        approvals.retain(|approval| approval.is_waiting(now));
        Ok(approvals)
    }

    /// A question as its device is given it.
    ///
    /// # Errors
    /// [`SecurityError::Damaged`], [`SecurityError::Keys`].
    pub fn seal_question(
        &self,
        device: &Enrolment,
        approval: &Approval,
        random: &mut dyn Random,
    ) -> Result<SealedQuestion, SecurityError> {
        let question = question_of(approval)?;
        let (key_id, signer) = self.keys.confirmation_signer();
        let recipient = crypto::x25519::PublicKey(device.confirmation_key);
        Ok(question.seal(&recipient, &*signer, key_id, self.keys.realm(), random)?)
    }

    /// Takes a device's answer: its signature is over the question that was asked, and a yes takes the PIN. An answer
    /// about a request of the bank is on record afterwards, one about a payment once the payment was moved with it. The
    /// same decision again is answered as before.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`] if the device was not asked so; [`SecurityError::Request`] for an answer that is not as
    /// specified, or not signed by the device; [`SecurityError::WrongPin`]; [`SecurityError::WrongState`] if it was
    /// answered otherwise, the time is over, or the device may not pay; [`SecurityError::Contended`],
    /// [`SecurityError::Store`], [`SecurityError::Keys`], [`SecurityError::Damaged`].
    pub async fn answer_approval(
        &self,
        device: &AuthenticatedDevice,
        id: ApprovalId,
        answer: &[u8],
        now: Timestamp,
    ) -> Result<Answered, SecurityError> {
        let answer = Answer::parse(answer)?;
        let enrolment = device.enrolment();
        let seen = self.store.approval(enrolment.id, id).await?;
        let seen = seen.ok_or(SecurityError::NotFound("question"))?;
        if let Some((before, _)) = seen.state.answer() {
            return if before == answer.decision {
                Ok(Answered::Before(Box::new(seen)))
            } else {
                Err(SecurityError::WrongState("this was answered already, the other way"))
            };
        }
        if !seen.is_waiting(now) {
            return Err(SecurityError::WrongState("the time to answer this is over"));
        }
        if enrolment.status != EnrolmentStatus::Active {
            return Err(SecurityError::WrongState("a phone that may not pay approves nothing"));
        }
        let question = question_of(&seen)?;
        let device_key = VerifyingKey::from_sec1(&enrolment.device_key)
            .map_err(|_| SecurityError::Damaged("device key"))?;
        answer.verify(self.keys.realm(), enrolment.id, &question.hash(), &device_key)?;
        if answer.decision == Decision::Approve {
            let missing = protocol::error::ProtocolError::Malformed("answer without the PIN's proof");
            let proof = answer.pin_proof.as_ref().ok_or(missing)?;
            self.prove_pin(device, PinProofPurpose::Approve(question.hash()), proof, now).await?;
        }
        self.record_answer(device, seen, &answer, now).await
    }

    async fn record_answer(
        &self,
        device: &AuthenticatedDevice,
        seen: Approval,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Answered, SecurityError> {
        let signature = answer.signature().to_vec();
        let state = match answer.decision {
            Decision::Approve => ApprovalState::Approved { at: now, signature },
            Decision::Refuse => ApprovalState::Refused { at: now, signature },
        };
        let change = seen.changed_to(state);
        match &seen.purpose {
            ApprovalPurpose::Payment { payment, statement } => {
                let statement = match answer.decision {
                    Decision::Approve => Some(self.approved_statement(statement, now)?),
                    Decision::Refuse => None,
                };
                let (payment, decision) = (*payment, answer.decision);
                Ok(Answered::Payment(Box::new(AnsweredApproval { payment, decision, change, statement })))
            }
            ApprovalPurpose::Request { reference, .. } => {
                let action = match answer.decision {
                    Decision::Approve => "approval.approved",
                    Decision::Refuse => "approval.refused",
                };
                let actor = Actor::Device(device.id().to_string());
                let audit = entry(actor, action, seen.id, reference, now);
                let approval = change.approval.clone();
                self.put_approval(change, audit).await?;
                Ok(Answered::Request(Box::new(approval)))
            }
        }
    }

    /// What the provider is told, now that the customer approved amount and payee.
    fn approved_statement(&self, kept: &[u8], now: Timestamp) -> Result<SignedStatement, SecurityError> {
        let kept =
            AuthenticationStatement::from_kept(kept).map_err(|_| SecurityError::Damaged("statement"))?;
        let verdicts = kept.verdicts.iter().cloned().chain([CHECK.to_owned()]).collect();
        let statement = AuthenticationStatement { verdicts, at: now, ..kept };
        Ok(statement.sign(&*self.keys.statement_signer())?)
    }

    /// Asks a customer for the bank. The same reference with the same question asks once.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`] if there is no such customer or device; [`SecurityError::Request`] if something is
    /// missing that this kind of question needs; [`SecurityError::WrongState`] if no device may answer, too many questions
    /// wait, or the reference was used for another question; [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn ask_approval(
        &self,
        request: &ApprovalRequest,
        operator: &str,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<Approval, SecurityError> {
        let devices: Vec<EnrolmentId> = self.devices_that_answer(request.customer, request.enrolment).await?;
        for enrolment in &devices {
            let latest = self.store.approvals(*enrolment, Page::first(LATEST)).await?;
            if let Some(same) =
                latest.iter().find(|approval| approval.purpose.reference() == Some(&request.reference))
            {
                return if is_about(same, &request.subject)? {
                    Ok(same.clone())
                } else {
                    Err(SecurityError::WrongState("this reference was used for another question"))
                };
            }
        }
        let enrolment = *devices.first().ok_or(SecurityError::WrongState(
            "no phone of this customer may answer; it must be active and not locked",
        ))?;
        if self.waiting_approvals(enrolment, now).await?.len() >= APPROVALS_WAITING_MAX {
            return Err(SecurityError::WrongState("too many questions wait for this phone"));
        }
        let expires_at = now.plus_s(i64::from(request.within_s));
        for _ in 0..TRIES_MAX {
            let mut bytes = [0; 8];
            random.fill(&mut bytes);
            let id = ApprovalId::derive(enrolment.shard(), now, u64::from_be_bytes(bytes));
            let question = Question::new(id, request.subject.clone(), now, expires_at)?;
            let purpose = ApprovalPurpose::Request {
                reference: request.reference.clone(),
                operator: operator.to_owned(),
            };
            let approval = Approval {
                enrolment,
                id,
                version: 1,
                question: question.to_bytes().as_bytes().to_vec(),
                purpose,
                expires_at,
                state: ApprovalState::Waiting,
            };
            let actor = Actor::Operator(operator.to_owned());
            let audit = entry(actor, "approval.asked", id, &request.reference, now);
            let change = ApprovalChange { expected_version: 0, approval: approval.clone() };
            let command = Command::PutApproval(Box::new(PutApproval { change, audit }));
            match self.store.commit(command).await? {
                Outcome::Done => return Ok(approval),
                _ => continue,
            }
        }
        Err(SecurityError::Contended)
    }

    /// Takes a question of the bank back, if nobody answered it yet.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`]; [`SecurityError::WrongState`] if it was answered, or is a payment's;
    /// [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn withdraw_approval(
        &self,
        enrolment: EnrolmentId,
        id: ApprovalId,
        operator: &str,
        now: Timestamp,
    ) -> Result<Approval, SecurityError> {
        let seen = self.approval(enrolment, id).await?;
        let ApprovalPurpose::Request { reference, .. } = &seen.purpose else {
            return Err(SecurityError::WrongState("this is a payment's; cancel the payment at its till"));
        };
        match seen.state {
            ApprovalState::Withdrawn { .. } => return Ok(seen),
            ApprovalState::Waiting => {}
            _ => return Err(SecurityError::WrongState("this was answered already")),
        }
        let change = seen.changed_to(ApprovalState::Withdrawn { at: now });
        let actor = Actor::Operator(operator.to_owned());
        let audit = entry(actor, "approval.withdrawn", id, reference, now);
        let approval = change.approval.clone();
        self.put_approval(change, audit).await?;
        Ok(approval)
    }

    /// What a device was asked.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`], [`SecurityError::Store`].
    pub async fn approval(&self, enrolment: EnrolmentId, id: ApprovalId) -> Result<Approval, SecurityError> {
        self.store.approval(enrolment, id).await?.ok_or(SecurityError::NotFound("question"))
    }

    /// The customer's devices that may answer, the one that was online last first.
    async fn devices_that_answer(
        &self,
        customer: CustomerId,
        named: Option<EnrolmentId>,
    ) -> Result<Vec<EnrolmentId>, SecurityError> {
        self.store.customer(customer).await?.ok_or(SecurityError::NotFound("customer"))?;
        let mut devices = self.living_devices(customer).await?;
        if let Some(named) = named {
            devices.retain(|device| device.enrolment.id == named);
            if devices.is_empty() {
                return Err(SecurityError::NotFound("device of this customer"));
            }
        }
        devices.retain(|device| device.enrolment.status == EnrolmentStatus::Active);
        devices.sort_by_key(|device| core::cmp::Reverse(device.enrolment.last_online_at));
        Ok(devices.into_iter().map(|device| device.enrolment.id).collect())
    }

    async fn put_approval(&self, change: ApprovalChange, audit: AuditEntry) -> Result<(), SecurityError> {
        match self.store.commit(Command::PutApproval(Box::new(PutApproval { change, audit }))).await? {
            Outcome::Done => Ok(()),
            _ => Err(SecurityError::Contended),
        }
    }
}

/// The question that is kept.
pub(crate) fn question_of(approval: &Approval) -> Result<QuestionBytes, SecurityError> {
    QuestionBytes::from_kept(approval.question.clone()).map_err(|_| SecurityError::Damaged("question"))
}

fn is_about(approval: &Approval, subject: &Subject) -> Result<bool, SecurityError> {
    let question = question_of(approval)?.question();
    let asked = Subject {
        kind: question.kind,
        amount: question.amount(),
        payee: question.payee,
        text: question.text,
        terminal: question.terminal,
    };
    Ok(asked == *subject)
}

fn entry(actor: Actor, action: &str, id: ApprovalId, reference: &str, at: Timestamp) -> AuditEntry {
    let detail = format!("the bank's reference {reference}");
    AuditEntry { at, actor, action: action.to_owned(), subject: id.to_string(), detail }
}
