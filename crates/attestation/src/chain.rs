//! Certificate chains, in one order and without a choice: each certificate is issued by the one that follows, and the
//! last by a root. No path is searched for, so nothing that does not belong there can be overlooked.

use crate::{Refusal, Roots};
use crypto::x509::ForeignCertificate;
use model::Timestamp;

const PART: &str = "certificate chain";
/// The most certificates in a chain, root included. Genuine ones have up to five.
const CERTIFICATES_MAX: usize = 8;
/// The fewest, root not included: the attested key's and its attester's.
const CERTIFICATES_MIN: usize = 2;

/// A chain that leads to a root: every certificate is signed by the next one's key. Dates are not looked at yet.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Leaf first, without the root.
    certificates: Vec<ForeignCertificate>,
    root: ForeignCertificate,
}

/// Who attests: whether the leaf's issuer must say that it is an authority.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Attester {
    /// An authority like every other.
    Authority,
    /// One vendor's attestation certificates say that they are no authority's.
    Any,
}

impl Chain {
    /// Reads certificates, leaf first, and follows them to a root; the root itself may stand at the end or be left out.
    pub(crate) fn follow(
        chain: &[&[u8]],
        roots: &Roots,
        attester: impl FnOnce(&[ForeignCertificate]) -> Attester,
    ) -> Result<Self, Refusal> {
        if chain.len() > CERTIFICATES_MAX {
            return Err(Refusal::ChainLength(chain.len()));
        }
        let read = chain.iter().map(|der| ForeignCertificate::read(der));
        let mut certificates: Vec<ForeignCertificate> = read
            .collect::<Result<_, _>>()
            .map_err(|_| Refusal::malformed(PART, "not certificates in DER"))?;
        let given_root = certificates.last().and_then(|last| roots.same_as(last)).cloned();
        if given_root.is_some() {
            certificates.pop();
        }
        if certificates.len() < CERTIFICATES_MIN {
            return Err(Refusal::ChainLength(chain.len()));
        }
        if let Some(index) = certificates.iter().position(|one| roots.same_as(one).is_some()) {
            return Err(Refusal::ExtraCertificate(index + 1));
        }
        let root = match given_root {
            Some(root) => root,
            None => issuing_root(&certificates, roots)?,
        };
        let chain = Self { certificates, root };
        chain.check_links(attester(&chain.certificates))?;
        Ok(chain)
    }

    /// The attested key's certificate.
    pub(crate) fn leaf(&self) -> &ForeignCertificate {
        &self.certificates[0]
    }

    /// All but the root, leaf first.
    pub(crate) fn certificates(&self) -> &[ForeignCertificate] {
        &self.certificates
    }

    /// Where it ends.
    pub(crate) fn root(&self) -> &ForeignCertificate {
        &self.root
    }

    /// Checks that certificates from this number on (1 is the leaf's) have begun and, if asked, not ended.
    pub(crate) fn check_dates(
        &self,
        first: usize,
        at: Timestamp,
        may_have_ended: bool,
    ) -> Result<(), Refusal> {
        let at_s = u64::try_from(at.s()).unwrap_or(0);
        for (index, one) in self.certificates.iter().enumerate().skip(first - 1) {
            if at_s < one.not_before_s() {
                return Err(Refusal::NotYetValid(index + 1));
            }
            if at_s > one.not_after_s() && !may_have_ended {
                return Err(Refusal::Expired(index + 1));
            }
        }
        Ok(())
    }

    fn check_links(&self, attester: Attester) -> Result<(), Refusal> {
        for (index, one) in self.certificates.iter().enumerate() {
            let issuer = self.certificates.get(index + 1).unwrap_or(&self.root);
            if !one.names_as_issuer(issuer) {
                return Err(Refusal::OtherIssuer(index + 1));
            }
            let may_do_without = index == 0 && attester == Attester::Any;
            let is_authority = issuer.is_ca() && issuer.may_issue();
            if !is_authority && !may_do_without {
                return Err(Refusal::NotAuthority(index + 2));
            }
            // Between the issuer and the leaf stand as many authorities as the index says.
            if issuer.path_len_max().is_some_and(|most| index > usize::from(most)) {
                return Err(Refusal::PathTooLong(index + 2));
            }
            one.is_signed_by(issuer).map_err(|_| Refusal::BadSignature(index + 1))?;
        }
        Ok(())
    }
}

/// The root that signed the last certificate of a chain that was given without it.
fn issuing_root(certificates: &[ForeignCertificate], roots: &Roots) -> Result<ForeignCertificate, Refusal> {
    let last = certificates.last().ok_or(Refusal::ChainLength(0))?;
    let mut named = roots.named_by(last).peekable();
    if named.peek().is_none() {
        return Err(Refusal::UnknownRoot);
    }
    let signed = named.find(|root| last.is_signed_by(root).is_ok());
    signed.cloned().ok_or(Refusal::BadSignature(certificates.len()))
}
