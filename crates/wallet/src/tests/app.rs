//! What the server says of the app, and what an update of the app changes.

use crate::{Hint, State, WalletError, testing::*};
use api::app::{AppNotice, AppStateName, CustomerTexts};
use model::Timestamp;

fn notice(state: AppStateName) -> AppNotice {
    AppNotice { state, offered_version: None, needed_before_ms: None, cause: None, message: None }
}

fn told(world: &World, state: &mut State, app: Option<AppNotice>) {
    let mut view = world.view(&world.bundle(5, NOW), 0, NOW);
    view.app = app;
    state.apply_enrolment(&view, NOW, NOW).unwrap();
}

fn hints(state: &State, now: Timestamp) -> Vec<Hint> {
    let is_app = |hint: &Hint| {
        matches!(hint, Hint::AppBlocked | Hint::AppUpdateNeeded { .. } | Hint::AppUpdateAvailable)
    };
    state.status(now).hints.into_iter().filter(is_app).collect()
}

#[test]
fn the_customer_is_told_what_the_server_said_of_the_app() {
    let Ready { world, mut state, .. } = ready();
    assert_eq!(hints(&state, NOW), []);
    told(&world, &mut state, Some(notice(AppStateName::UpToDate)));
    assert_eq!(hints(&state, NOW), []);
    told(&world, &mut state, Some(notice(AppStateName::UpdateAvailable)));
    assert_eq!(hints(&state, NOW), [Hint::AppUpdateAvailable]);
    told(&world, &mut state, Some(notice(AppStateName::Blocked)));
    assert_eq!(hints(&state, NOW), [Hint::AppBlocked]);
    let before = NOW.plus_s(60);
    let needed = AppNotice { needed_before_ms: Some(before.ms()), ..notice(AppStateName::UpdateNeeded) };
    told(&world, &mut state, Some(needed));
    assert_eq!(hints(&state, NOW), [Hint::AppUpdateNeeded { before }]);
    assert_eq!(hints(&state, before), [Hint::AppBlocked], "the time passes offline, too");
    told(&world, &mut state, None);
    assert_eq!(hints(&state, NOW), []);
}

#[test]
fn words_that_could_steer_a_screen_are_not_kept() {
    let Ready { world, mut state, .. } = ready();
    let texts = |en: &str| {
        let words = || "Update.".to_owned();
        Some(CustomerTexts { en: en.to_owned(), de: words(), fr: words(), it: words() })
    };
    for (en, is_kept) in
        [("Update now.", true), ("\u{1b}[2J", false), ("a\u{202e}b", false), (&*"x".repeat(281), false)]
    {
        told(&world, &mut state, Some(AppNotice { message: texts(en), ..notice(AppStateName::Blocked) }));
        assert_eq!(state.status(NOW).app.unwrap().message.is_some(), is_kept, "{en:?}");
    }
}

#[test]
fn an_updated_app_keeps_the_wallet_of_its_installation_only() {
    let Ready { world, mut state, .. } = ready();
    let mut updated = world.realm_file();
    updated.app.version = "1.1".to_owned();
    let mut other_app = updated.clone();
    other_app.app.id = "another.wallet".to_owned();
    let other = World { realm: world.realm.clone(), ..World::make() };
    for stranger in [other.realm_file(), other_app] {
        assert!(matches!(state.update_app(stranger), Err(WalletError::Contradiction(_))));
        assert_eq!(state.status(NOW).app_version, "1.0");
    }
    state.update_app(updated).unwrap();
    assert_eq!(state.status(NOW).app_version, "1.1");
    assert!(state.enrolment().is_some());
}
