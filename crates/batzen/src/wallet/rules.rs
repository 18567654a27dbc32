//! The list of rules for sensors: fetched when there is news, kept in a file of its own.

use super::folder::OpenWallet;
use super::online::now;
use crate::failure::Failure;
use client::phone::PhoneClient;

/// Fetches the list that the server announced, if it is another one than is kept. A delta that does not fit is made good
/// by the whole list.
pub(super) async fn renew(client: &PhoneClient, wallet: &mut OpenWallet) -> Result<(), Failure> {
    let file = wallet.read_rules()?;
    let kept = file.and_then(|file| wallet.state.kept_rules(&file, now()));
    let Some(wanted) = wallet.state.rules_wanted(kept.as_ref()) else { return Ok(()) };
    let answer = client.rules(wanted.from).await?;
    let list = match wallet.state.take_rules(&answer, kept.as_ref(), now()) {
        Ok(list) => list,
        Err(_) if wanted.from.is_some() => {
            let whole = client.rules(None).await?;
            wallet.state.take_rules(&whole, None, now())?
        }
        Err(error) => return Err(error.into()),
    };
    // The list first: a state that names a list which is not there would only fetch it again.
    wallet.store_rules(&list.to_json())?;
    wallet.store()
}
