//! Ports that are free now.

use crate::failure::Failure;
use crate::setup::Ports;
use std::net::{Ipv4Addr, TcpListener};

/// Five ports that nobody has at the moment.
pub(crate) fn free() -> Result<Ports, Failure> {
    // All are held at once, so that they differ.
    let listeners =
        (0..5).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<Result<Vec<_>, _>>();
    let listeners = listeners.map_err(|error| Failure::new(format!("no free port: {error}")))?;
    let port = |place: usize| listeners[place].local_addr().map(|address| address.port());
    Ok(Ports {
        server: port(0)?,
        bank_partner: port(1)?,
        bank_customer: port(2)?,
        pages: port(3)?,
        pages_lan: port(4)?,
    })
}
