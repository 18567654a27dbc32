//! A network that can be cut: TCP passed through, until the weather changes; to several servers in turn.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const CHUNK_BYTES: usize = 16 * 1024;

/// How the network is. Each change of a number is one event for all connections that are open then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weather {
    /// Connections are cut.
    cuts: u64,
    /// What goes towards the client ends, what goes towards the server does not.
    half_cuts: u64,
    /// Each chunk is held back for so long, milliseconds.
    delay_ms: u64,
}

/// See the module.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    weather: watch::Sender<Weather>,
    broken: Arc<AtomicU64>,
}

impl Proxy {
    /// Passes through to these ports of this machine, from a port of its own: each connection to the next of them that
    /// takes it.
    pub(crate) async fn start(to: Vec<u16>) -> std::io::Result<Self> {
        let to = Arc::new(Servers { ports: to, turn: AtomicUsize::new(0) });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (weather, seen) = watch::channel(Weather::default());
        let broken = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&broken);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, Arc::clone(&to), seen.clone(), Arc::clone(&counted)));
            }
        });
        Ok(Self { port, weather, broken })
    }

    /// Cuts every connection.
    pub(crate) fn cut(&self) {
        self.weather.send_modify(|weather| weather.cuts += 1);
    }

    /// Cuts every connection in the direction of the client: requests arrive, answers do not.
    pub(crate) fn half_cut(&self) {
        self.weather.send_modify(|weather| weather.half_cuts += 1);
    }

    /// Holds everything back for so long; 0 ends that.
    pub(crate) fn delay(&self, delay: Duration) {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.weather.send_modify(|weather| weather.delay_ms = delay_ms);
    }

    /// How many connections were open when they were cut.
    pub(crate) fn broken(&self) -> u64 {
        self.broken.load(Ordering::Relaxed)
    }
}

/// Where connections lead.
struct Servers {
    ports: Vec<u16>,
    /// Whose turn it is.
    turn: AtomicUsize,
}

impl Servers {
    async fn connect(&self) -> Option<TcpStream> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        for step in 0..self.ports.len() {
            let port = self.ports[turn.wrapping_add(step) % self.ports.len()];
            if let Ok(server) = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await {
                return Some(server);
            }
        }
        None
    }
}

async fn pass(
    client: TcpStream,
    to: Arc<Servers>,
    weather: watch::Receiver<Weather>,
    broken: Arc<AtomicU64>,
) {
    let Some(server) = to.connect().await else { return };
    for stream in [&client, &server] {
        // Small pieces wait for nothing; without that it is only slower.
        let _ = stream.set_nodelay(true);
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = carry(from_client, to_server, weather.clone(), |_, _| false);
    let down = carry(from_server, to_client, weather, |before, now| before.half_cuts != now.half_cuts);
    tokio::pin!(up);
    tokio::pin!(down);
    // A half that was cut leaves the other as it is; an end or a whole cut ends both.
    let is_cut = tokio::select! {
        is_cut = &mut up => is_cut,
        is_cut = &mut down => {
            if is_cut == Ended::HalfCut {
                up.await;
            }
            is_cut
        }
    };
    if is_cut != Ended::Closed {
        broken.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Closed,
    Cut,
    HalfCut,
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    is_half_cut: fn(Weather, Weather) -> bool,
) -> Ended {
    let at_first = *weather.borrow();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let now = *weather.borrow_and_update();
        if now.cuts != at_first.cuts {
            return Ended::Cut;
        }
        if is_half_cut(at_first, now) {
            let _ = to.shutdown().await;
            return Ended::HalfCut;
        }
        let read = tokio::select! {
            read = from.read(&mut chunk) => read,
            changed = weather.changed() => {
                if changed.is_err() { return Ended::Closed }
                continue;
            }
        };
        let Ok(length @ 1..) = read else { return Ended::Closed };
        let delay_ms = weather.borrow().delay_ms;
        if delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        }
        if weather.borrow().cuts != at_first.cuts {
            return Ended::Cut;
        }
        if to.write_all(&chunk[..length]).await.is_err() {
            return Ended::Closed;
        }
    }
}
