//! Android Key Attestation, on chains that we made: each rule has a chain that only this rule refuses.

use crate::support::{AT, slices, with_one_byte_changed};
use attestation::android::{
    self, App, Binding, Evidence, Expectations, Provisioning, SecurityLevel, VerifiedBoot,
};
use attestation::{Level, Refusal, RevocationList, Roots};
use crypto::p256::VerifyingKey;
use fixtures::attestation::android::{
    ATTESTER_SERIAL, CHALLENGE, Chain, Description, KEY_DESCRIPTION, PACKAGE, SIGNER, application_id,
    root_of_trust,
};
use fixtures::attestation::certificate::{Certificate, authority, critical, extension, pem};
use fixtures::attestation::{der, key};
use model::Timestamp;

fn roots() -> Roots {
    Roots::from_pem(&Chain::root_pem()).unwrap()
}

fn revoked(serials: &[u64]) -> RevocationList {
    let entry = |serial: &u64| format!(r#""{serial:x}": {{"status": "REVOKED"}}"#);
    let entries: Vec<String> = serials.iter().map(entry).collect();
    RevocationList::from_json(&format!(r#"{{"entries": {{{}}}}}"#, entries.join(",")), AT, 86_400).unwrap()
}

fn expectations() -> Expectations {
    Expectations::of_apps(vec![App { package: PACKAGE.to_owned(), signers: vec![SIGNER] }])
}

fn verify_made(chain: &[Vec<u8>]) -> Result<Evidence, Refusal> {
    verify_as(chain, &Chain::attested_key(), &expectations())
}

fn verify_as(chain: &[Vec<u8>], key: &VerifyingKey, expected: &Expectations) -> Result<Evidence, Refusal> {
    let binding = Binding { challenge: &CHALLENGE, key };
    android::verify(&slices(chain), &binding, AT, &roots(), Some(&revoked(&[])), expected)
}

/// A good chain whose description was changed.
fn described(change: impl FnOnce(&mut Description)) -> Result<Evidence, Refusal> {
    verify_made(&chain_described(change).make())
}

fn chain_described(change: impl FnOnce(&mut Description)) -> Chain {
    let mut chain = Chain::remote();
    change(chain.description.as_mut().unwrap());
    chain
}

/// A good chain of which one certificate was changed, before it was signed.
fn changed(mut chain: Chain, index: usize, change: impl FnOnce(&mut Certificate)) -> Vec<Vec<u8>> {
    change(&mut chain.certificates[index]);
    chain.make()
}

#[track_caller]
fn assert_malformed(result: Result<Evidence, Refusal>) {
    assert!(matches!(result, Err(Refusal::Malformed { .. })), "{result:?}");
}

#[test]
fn good_chains_give_evidence_with_all_that_they_say() {
    for chain in [Chain::factory(), Chain::remote()] {
        let evidence = verify_made(&chain.make()).unwrap();
        assert_eq!(evidence.level, Level::StrongBox);
        assert!(evidence.level.is_hardware());
        assert_eq!(evidence.key, Chain::attested_key());
        assert_eq!((evidence.packages[0].name.as_str(), evidence.packages[0].version), (PACKAGE, 7));
        assert_eq!(evidence.signers, [SIGNER.to_vec()]);
        let root = evidence.root_of_trust.unwrap();
        assert!(root.device_locked);
        assert_eq!(root.verified_boot_state, VerifiedBoot::Verified);
        assert_eq!(root.verified_boot_hash, Some(vec![0xb1; 32]));
        assert_eq!((evidence.os_version, evidence.os_patch_level), (Some(160_000), Some(202_605)));
        assert_eq!(
            (evidence.vendor_patch_level, evidence.boot_patch_level),
            (Some(20_260_505), Some(20_260_505))
        );
    }
}

#[test]
fn how_the_attester_came_to_its_certificate_is_seen() {
    let read = |chain: Chain| android::read(&slices(&chain.make()), AT, &roots(), None);
    assert_eq!(read(Chain::factory()).unwrap().provisioning, Provisioning::Factory);
    let reading = read(Chain::remote()).unwrap();
    assert_eq!(reading.provisioning, Provisioning::Remote);
    assert_eq!(reading.subjects.len(), 5);
    assert_eq!(reading.compared_with_revoked, None);
}

#[test]
fn the_root_may_be_left_out() {
    for chain in [Chain::factory(), Chain::remote()] {
        let mut chain = chain.make();
        chain.pop();
        assert!(verify_made(&chain).is_ok());
    }
}

#[test]
fn an_attestation_for_another_challenge_is_refused() {
    for challenge in [vec![], vec![0xc4; 31], vec![0xc3; 32]] {
        assert_eq!(described(|said| said.challenge = challenge), Err(Refusal::OtherChallenge));
    }
}

#[test]
fn an_attestation_of_another_key_is_refused() {
    let other = key(9).verifying_key().clone();
    assert_eq!(verify_as(&Chain::remote().make(), &other, &expectations()), Err(Refusal::OtherKey));
}

#[test]
fn chains_with_extra_certificates_are_refused() {
    for chain in [Chain::factory().make(), Chain::remote().make()] {
        let stranger = changed(Chain::factory(), 0, |_| {}).remove(2);
        for place in 0..=chain.len() {
            for extra in chain.iter().chain([&stranger]) {
                // The root may stand there or not; every other place and certificate is one too many.
                let mut longer = chain.clone();
                longer.insert(place, extra.clone());
                assert!(verify_made(&longer).is_err(), "{place}");
            }
        }
    }
    let long = vec![Chain::factory().make()[1].clone(); 9];
    assert_eq!(verify_made(&long), Err(Refusal::ChainLength(9)));
}

#[test]
fn a_second_root_is_refused() {
    let mut chain = Chain::factory().make();
    chain.push(chain[3].clone());
    assert_eq!(verify_made(&chain), Err(Refusal::ExtraCertificate(4)));
}

#[test]
fn chains_with_missing_certificates_are_refused() {
    for chain in [Chain::factory().make(), Chain::remote().make()] {
        for place in 0..chain.len() - 1 {
            let mut shorter = chain.clone();
            shorter.remove(place);
            assert!(verify_made(&shorter).is_err(), "{place}");
        }
    }
    assert_eq!(verify_made(&[]), Err(Refusal::ChainLength(0)));
    let chain = Chain::factory().make();
    assert_eq!(verify_made(&[chain[0].clone(), chain[3].clone()]), Err(Refusal::ChainLength(2)));
    let cut = [chain[0].clone(), chain[2].clone(), chain[3].clone()];
    assert_eq!(verify_made(&cut), Err(Refusal::OtherIssuer(1)));
}

#[test]
fn chains_in_another_order_are_refused() {
    for chain in [Chain::factory().make(), Chain::remote().make()] {
        for one in 0..chain.len() {
            for other in one + 1..chain.len() {
                let mut swapped = chain.clone();
                swapped.swap(one, other);
                assert!(verify_made(&swapped).is_err(), "{one} {other}");
            }
        }
    }
}

#[test]
fn a_root_of_ones_own_is_refused_whatever_it_calls_itself() {
    let own = |chain: &mut Chain| {
        let last = chain.certificates.len() - 1;
        chain.certificates[last].key = key(99);
        chain.certificates[last].signer = key(99);
        chain.certificates[last - 1].signer = key(99);
    };
    let mut chain = Chain::remote();
    own(&mut chain);
    assert_eq!(verify_made(&chain.make()), Err(Refusal::BadSignature(5)));
    // Without its certificate, only the signature tells.
    let mut made = chain.make();
    made.pop();
    assert_eq!(verify_made(&made), Err(Refusal::BadSignature(4)));
    // By another name it is nobody's.
    let name = der::name(&[(fixtures::attestation::certificate::COMMON_NAME, "mine")]);
    chain.certificates[4].subject = name.clone();
    chain.certificates[4].issuer = name.clone();
    chain.certificates[3].issuer = name;
    assert_eq!(verify_made(&chain.make()), Err(Refusal::UnknownRoot));
}

#[test]
fn a_certificate_of_ones_own_is_refused_in_every_place() {
    for (chain, last) in [(Chain::factory(), 2), (Chain::remote(), 3)] {
        for place in 0..=last {
            let made = changed(chain.clone(), place, |one| one.signer = key(99));
            assert_eq!(verify_made(&made), Err(Refusal::BadSignature(place + 1)));
        }
    }
}

#[test]
fn a_chain_for_the_platforms_own_roots_is_not_ours_to_make() {
    let (chain, key) = (Chain::remote().make(), Chain::attested_key());
    let binding = Binding { challenge: &CHALLENGE, key: &key };
    let result = android::verify(
        &slices(&chain),
        &binding,
        AT,
        &Roots::google(),
        Some(&revoked(&[])),
        &expectations(),
    );
    assert_eq!(result, Err(Refusal::UnknownRoot));
}

#[test]
fn an_attested_key_makes_no_authority() {
    // A phone's key signs a certificate that attests what its owner likes.
    let mut chain = Chain::remote();
    chain.certificates[3].extensions = authority(None);
    let mut forged = chain.certificates[0].clone();
    chain.certificates[0].extensions = authority(None);
    chain.certificates[0].extensions.push(extension(KEY_DESCRIPTION, &Description::default().make()));
    (forged.key, forged.signer) = (key(9), key(1));
    forged.issuer = chain.certificates[0].subject.clone();
    chain.certificates.insert(0, forged);
    let result = verify_as(&chain.make(), key(9).verifying_key(), &expectations());
    assert_eq!(result, Err(Refusal::AttestedTwice(2)));
}

#[test]
fn a_chain_that_attests_nothing_is_refused() {
    let mut chain = Chain::remote();
    chain.description = None;
    assert_eq!(verify_made(&chain.make()), Err(Refusal::NotAttested));
    // Nor may another certificate say it instead.
    chain.certificates[1].extensions.push(extension(KEY_DESCRIPTION, &Description::default().make()));
    assert_eq!(verify_made(&chain.make()), Err(Refusal::AttestedTwice(2)));
}

#[test]
fn only_authorities_issue_but_for_the_attesters_of_one_vendor() {
    for place in 1..4 {
        let made = changed(Chain::remote(), place, |one| {
            one.extensions.retain(|one| !authority(None).contains(one) && !authority(Some(2)).contains(one))
        });
        assert_eq!(verify_made(&made), Err(Refusal::NotAuthority(place + 1)));
    }
    assert!(verify_made(&changed(Chain::factory(), 1, |one| one.extensions.clear())).is_ok());
    let made = changed(Chain::factory(), 2, |one| one.extensions.clear());
    assert_eq!(verify_made(&made), Err(Refusal::NotAuthority(3)));
    // The flag alone does not do: the key must be for signing certificates.
    let for_signatures = critical(&[0x55, 0x1d, 15], &der::value(&[3], &[7, 0x80]));
    let made = changed(Chain::remote(), 1, |one| one.extensions[1] = for_signatures);
    assert_eq!(verify_made(&made), Err(Refusal::NotAuthority(2)));
}

#[test]
fn an_authority_has_no_more_below_it_than_it_may() {
    let allowing = |most| changed(Chain::remote(), 3, |one| one.extensions = authority(Some(most)));
    assert!(verify_made(&allowing(2)).is_ok());
    assert_eq!(verify_made(&allowing(1)), Err(Refusal::PathTooLong(4)));
}

#[test]
fn an_unknown_critical_extension_is_refused() {
    for place in 0..4 {
        let unknown = critical(&[0x2a, 3, 4], &der::null());
        assert_malformed(verify_made(&changed(Chain::remote(), place, |one| one.extensions.push(unknown))));
    }
}

#[test]
fn dates_count_but_for_the_leaf_s_and_ends_of_factory_chains() {
    // The chain that was put in where the phone was made expired a year ago, and the leaf in 1970; see the fixtures.
    assert!(verify_made(&Chain::factory().make()).is_ok());
    for place in 1..4 {
        let ended = changed(Chain::remote(), place, |one| one.not_after = "20260531235959Z");
        assert_eq!(verify_made(&ended), Err(Refusal::Expired(place + 1)));
    }
    for (chain, last) in [(Chain::factory(), 2), (Chain::remote(), 3)] {
        for place in 1..=last {
            let ahead = |one: &mut Certificate| {
                (one.not_before, one.not_after) = ("20260601000001Z", "20270101000000Z")
            };
            assert_eq!(
                verify_made(&changed(chain.clone(), place, ahead)),
                Err(Refusal::NotYetValid(place + 1))
            );
        }
    }
    // Neither factory nor remote: dates count.
    let mut chain = Chain::factory();
    let plain = der::name(&[(fixtures::attestation::certificate::SERIAL_NUMBER, "10")]);
    chain.certificates[1].issuer = plain.clone();
    chain.certificates[2].subject = plain;
    assert_eq!(verify_made(&chain.make()), Err(Refusal::Expired(2)));
}

#[test]
fn what_is_revoked_is_refused_and_without_a_fresh_list_everything_is() {
    let (chain, key) = (Chain::remote().make(), Chain::attested_key());
    let binding = Binding { challenge: &CHALLENGE, key: &key };
    let verify = |list: Option<&RevocationList>, at: Timestamp| {
        android::verify(&slices(&chain), &binding, at, &roots(), list, &expectations()).map(|_| ())
    };
    assert_eq!(verify(Some(&revoked(&[77])), AT), Ok(()));
    for serial in [ATTESTER_SERIAL, 0x33, 0x22, 0x4007] {
        let expected = Err(Refusal::Revoked(format!("{serial:x}")));
        assert_eq!(verify(Some(&revoked(&[77, serial])), AT), expected);
    }
    assert_eq!(verify(None, AT), Err(Refusal::NoRevocationList));
    assert_eq!(verify(Some(&revoked(&[])), AT.plus_s(86_401)), Err(Refusal::OldRevocationList(86_401)));
    assert_eq!(verify(Some(&revoked(&[])), AT.plus_s(-301)), Err(Refusal::FutureRevocationList));
}

#[test]
fn the_weaker_of_both_levels_counts() {
    for (attestation, keymint, expected) in [
        (2, 2, Ok(Level::StrongBox)),
        (2, 1, Ok(Level::TrustedEnvironment)),
        (1, 2, Ok(Level::TrustedEnvironment)),
        (1, 1, Ok(Level::TrustedEnvironment)),
        (0, 2, Err(Refusal::LevelTooLow)),
        (2, 0, Err(Refusal::LevelTooLow)),
    ] {
        let result = described(|said| (said.attestation_level, said.keymint_level) = (attestation, keymint));
        assert_eq!(result.map(|evidence| evidence.level), expected, "{attestation} {keymint}");
    }
    assert_malformed(described(|said| said.attestation_level = 3));
    assert_malformed(described(|said| said.keymint_level = 3));
}

#[test]
fn a_key_in_software_is_taken_where_that_is_expected_and_only_as_such() {
    let expected = Expectations { level_min: SecurityLevel::Software, ..expectations() };
    let of_software = |said: &mut Description| {
        said.keymint_level = 0;
        let (phone, key) = (said.hardware.clone(), &mut said.software);
        phone.into_iter().for_each(|(number, content)| Description::set(key, number, content));
        said.hardware.clear();
    };
    let made = chain_described(of_software).make();
    let evidence = verify_as(&made, &Chain::attested_key(), &expected).unwrap();
    assert_eq!(evidence.level, Level::Software);
    assert!(!evidence.level.is_hardware());
}

#[test]
fn the_system_must_be_its_makers_and_locked_by_the_hardwares_word() {
    let root = |is_locked, state| {
        described(|said| Description::set(&mut said.hardware, 704, root_of_trust(is_locked, state)))
    };
    assert!(root(true, 0).is_ok());
    assert_eq!(root(false, 0), Err(Refusal::Unlocked));
    for state in 1..4 {
        assert_eq!(root(true, state), Err(Refusal::BootNotVerified));
    }
    assert_malformed(root(true, 4));
    let of_software = |said: &mut Description| {
        said.hardware.retain(|(number, _)| *number != 704);
        Description::set(&mut said.software, 704, root_of_trust(true, 0));
    };
    assert_eq!(described(of_software), Err(Refusal::NoRootOfTrust));
    let any = Expectations { dangerous_any_system: true, ..expectations() };
    let open =
        chain_described(|said| Description::set(&mut said.hardware, 704, root_of_trust(false, 2))).make();
    assert!(!verify_as(&open, &Chain::attested_key(), &any).unwrap().root_of_trust.unwrap().device_locked);
}

#[test]
fn the_app_and_who_signed_it_must_be_expected() {
    let app = |packages: &[(&str, u64)], signers: &[&[u8]]| {
        described(|said| {
            Description::set(&mut said.software, 709, der::octets(&application_id(packages, signers)))
        })
    };
    let (other, another) = ([0x5b; 32], [0x5c; 32]);
    assert!(app(&[(PACKAGE, 1), ("example.wallet2", 1)], &[&SIGNER]).is_ok());
    assert_eq!(app(&[("example.other", 1)], &[&SIGNER]), Err(Refusal::OtherApp("example.other".to_owned())));
    assert!(matches!(app(&[(PACKAGE, 1)], &[&other]), Err(Refusal::OtherSigner(_))));
    assert!(matches!(app(&[(PACKAGE, 1)], &[&SIGNER, &another]), Err(Refusal::OtherSigner(_))));
    assert!(matches!(app(&[(PACKAGE, 1)], &[]), Err(Refusal::OtherSigner(_))));
    assert_malformed(app(&[], &[&SIGNER]));
    assert_malformed(app(&[(PACKAGE, 1)], &[b"short"]));
    assert_malformed(app(&[("example\u{202e}tellaw", 1)], &[&SIGNER]));
    // What the hardware's list says of the app is nobody's word: it does not know apps.
    let moved = described(|said| {
        said.software.retain(|(number, _)| *number != 709);
        let id = application_id(&[(PACKAGE, 7)], &[&SIGNER]);
        Description::set(&mut said.hardware, 709, der::octets(&id));
    });
    assert!(matches!(moved, Err(Refusal::OtherApp(_))));
}

#[test]
fn the_key_must_be_made_there_for_signing_and_for_one_app() {
    let hardware = |number, content| described(|said| Description::set(&mut said.hardware, number, content));
    let without = |number| described(|said| said.hardware.retain(|(one, _)| *one != number));
    let unsuitable = |result: &Result<Evidence, Refusal>| matches!(result, Err(Refusal::UnsuitableKey(_)));
    for origin in 1..5 {
        assert!(unsuitable(&hardware(702, der::integer(origin))), "{origin}");
    }
    assert!(unsuitable(&without(702)));
    let purposes = |list: &[u64]| der::set(&list.iter().map(|one| der::integer(*one)).collect::<Vec<_>>());
    assert!(hardware(1, purposes(&[2, 3])).is_ok());
    for list in [&[][..], &[3], &[1, 2], &[2, 7], &[7]] {
        assert!(unsuitable(&hardware(1, purposes(list))), "{list:?}");
    }
    assert!(unsuitable(&without(1)));
    assert!(unsuitable(&hardware(600, der::null())));
    assert!(unsuitable(&described(|said| Description::set(&mut said.software, 600, der::null()))));
}

#[test]
fn security_updates_must_not_be_too_old() {
    let verify = |least, change: &dyn Fn(&mut Description)| {
        let expected = Expectations { os_patch_level_min: Some(least), ..expectations() };
        verify_as(&chain_described(change).make(), &Chain::attested_key(), &expected).map(|_| ())
    };
    assert_eq!(verify(202_605, &|_| {}), Ok(()));
    let refused = |found, least| Err(Refusal::OldPatchLevel { found, least });
    assert_eq!(verify(202_606, &|_| {}), refused(Some(202_605), 202_606));
    let silent = |said: &mut Description| said.hardware.retain(|(number, _)| *number != 706);
    assert_eq!(verify(1, &silent), refused(None, 1));
}

#[test]
fn the_extension_has_one_form() {
    let hardware = |number, content| described(|said| Description::set(&mut said.hardware, number, content));
    // Parts out of order, or twice.
    assert_malformed(described(|said| said.hardware.swap(0, 1)));
    assert_malformed(described(|said| said.hardware.push((719, der::integer(1)))));
    // Sets out of order, or with something twice.
    assert_malformed(hardware(1, der::set(&[der::integer(3), der::integer(2)])));
    assert_malformed(hardware(1, der::set(&[der::integer(2), der::integer(2)])));
    let packages = application_id(&[("example.wallet2", 1), (PACKAGE, 1)], &[&SIGNER]);
    assert_malformed(described(|said| Description::set(&mut said.software, 709, der::octets(&packages))));
    // Numbers not in their shortest form, or negative; truth that is neither 0 nor 255; a null with content.
    assert_malformed(hardware(702, der::value(&[2], &[0, 0])));
    assert_malformed(hardware(702, der::value(&[2], &[0x80])));
    let locked = der::value(&[1], &[1]);
    let root =
        der::sequence(&[der::octets(&[0xb0; 32]), locked, der::enumerated(0), der::octets(&[0xb1; 32])]);
    assert_malformed(hardware(704, root));
    assert_malformed(hardware(503, der::value(&[5], &[0])));
    // More than one value under a number; another kind of value; a length in two bytes for one.
    assert_malformed(hardware(702, [der::integer(0), der::integer(0)].concat()));
    assert_malformed(hardware(702, der::enumerated(0)));
    assert_malformed(hardware(705, vec![2, 0x81, 1, 5]));
    assert_malformed(described(|said| said.challenge = vec![1; 129]));
}

#[test]
fn bytes_behind_the_extension_or_in_its_midst_are_refused() {
    let chain = |content: Vec<u8>| {
        let mut chain = Chain::remote();
        chain.description = None;
        chain.certificates[0].extensions.push(extension(KEY_DESCRIPTION, &content));
        verify_made(&chain.make())
    };
    let good = Description::default().make();
    assert!(chain(good.clone()).is_ok());
    assert_malformed(chain([&good[..], &[0]].concat()));
    assert_malformed(chain(good[..good.len() - 1].to_vec()));
    // A part more at the end of each sequence, whose length is right.
    let longer =
        |sequence: &[u8], header_len: usize| der::sequence(&[sequence[header_len..].to_vec(), der::null()]);
    assert_malformed(chain(longer(&good, 4)));
    let root = longer(&root_of_trust(true, 0), 2);
    assert_malformed(described(|said| Description::set(&mut said.hardware, 704, root)));
    let id = der::octets(&longer(&application_id(&[(PACKAGE, 7)], &[&SIGNER]), 2));
    assert_malformed(described(|said| Description::set(&mut said.software, 709, id)));
    assert_eq!(chain(vec![0; 9000]), Err(Refusal::TooLong("key description")));
}

#[test]
fn numbers_that_nobody_knows_yet_are_told_and_do_no_harm() {
    let chain = chain_described(|said| Description::set(&mut said.hardware, 799, der::octets(b"new")));
    let reading = android::read(&slices(&chain.make()), AT, &roots(), None).unwrap();
    assert_eq!(reading.key_description.hardware_enforced.unknown, [799]);
    assert!(verify_made(&chain.make()).is_ok());
}

#[test]
fn one_changed_byte_is_refused_or_changes_nothing() {
    for (seed, chain) in [(1, Chain::factory()), (2, Chain::remote())] {
        let chain = chain.make();
        let good = verify_made(&chain).unwrap();
        for place in 0..chain.len() {
            with_one_byte_changed(&chain[place], seed, |at, bytes| {
                let mut changed = chain.clone();
                changed[place] = bytes.to_vec();
                if let Ok(evidence) = verify_made(&changed) {
                    assert_eq!(evidence, good, "certificate {place}, byte {at}");
                    assert_eq!(place, chain.len() - 1, "only the root is believed without its signature");
                }
            });
        }
    }
}

#[test]
fn a_name_that_an_app_chose_for_its_key_cannot_steer_a_terminal() {
    let name = der::name(&[(fixtures::attestation::certificate::COMMON_NAME, "key\u{1b}[2J\u{202e}")]);
    let chain = changed(Chain::remote(), 0, |leaf| leaf.subject = name);
    let reading = android::read(&slices(&chain), AT, &roots(), None).unwrap();
    assert!(!reading.subjects[0].contains(['\u{1b}', '\u{202e}']), "{:?}", reading.subjects[0]);
}

#[test]
fn chains_are_read_from_pem() {
    let chain = Chain::remote().make();
    assert_eq!(android::chain_from_pem(&pem(&chain)), Ok(chain.clone()));
    for text in ["", "-----BEGIN CERTIFICATE-----", &pem(&chain)[1..], &format!("{}x", pem(&chain))] {
        assert!(android::chain_from_pem(text).is_err(), "{text}");
    }
    assert!(Roots::from_pem("nothing").is_err());
}
