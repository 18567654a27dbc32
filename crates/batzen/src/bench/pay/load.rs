//! The load: connections that stay open, each of which authorises and captures one sale after the other.

use super::figures::{Figures, Latencies};
use super::process::cpu_time;
use super::sales::Sale;
use crate::failure::Failure;
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The largest answer that makes sense, bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Whether a sale is good once, as it is for a payment server, or again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stock {
    Once,
    Again,
}

/// Sells on one connection for each of `sales`, to the servers at `addresses` in turn, until `length` is over or the
/// sales are; gives the sales back with what was measured.
pub(super) async fn run(
    addresses: &[SocketAddr],
    sales: Vec<Vec<Sale>>,
    length: Duration,
    stock: Stock,
) -> Result<(Figures, Vec<Vec<Sale>>), Failure> {
    let connections = sales.len();
    let mut open = Vec::with_capacity(connections);
    for address in addresses.iter().cycle().take(connections) {
        open.push(Connection::open(*address).await?);
    }
    let (started, cpu_before) = (Instant::now(), cpu_time()?);
    let mut selling = JoinSet::new();
    for (connection, sales) in open.into_iter().zip(sales) {
        selling.spawn(sell(connection, sales, started + length, stock));
    }
    let mut latencies = Latencies::default();
    let mut back = Vec::with_capacity(connections);
    while let Some(sold) = selling.join_next().await {
        let (measured, sales) = sold.map_err(|_| Failure::new("a connection of the load panicked"))??;
        latencies.add(measured);
        back.push(sales);
    }
    let (took, cpu) = (started.elapsed(), cpu_time()?.saturating_sub(cpu_before));
    Ok((latencies.into_figures(connections, took, cpu), back))
}

async fn sell(
    mut connection: Connection,
    sales: Vec<Sale>,
    until: Instant,
    stock: Stock,
) -> Result<(Latencies, Vec<Sale>), Failure> {
    #[derive(Deserialize)]
    struct Begun<'a> {
        id: &'a str,
    }
    let mut latencies = Latencies::default();
    let mut request = Vec::new();
    let rounds = if stock == Stock::Again { usize::MAX } else { 1 };
    for sale in core::iter::repeat_n(&sales, rounds).flatten() {
        let asked_at = Instant::now();
        if asked_at >= until {
            break;
        }
        let begun: Begun<'_> = serde_json::from_slice(connection.ask(&sale.begin).await?)?;
        let begun_at = Instant::now();
        sale.capture.write(begun.id, &mut request);
        connection.ask(&request).await?;
        latencies.note(begun_at - asked_at, begun_at.elapsed());
    }
    Ok((latencies, sales))
}

/// A connection that stays open. It knows the answers that a server of ours gives: with a length, without chunks.
struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(4_096) })
    }

    /// Sends a request and gives the body of the answer, which must be 201.
    async fn ask(&mut self, request: &[u8]) -> Result<&[u8], Failure> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        let body = loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(Failure::new("the server closed a connection of the load"));
            }
            match whole_body(&self.answer)? {
                Some(body) => break body,
                None if self.answer.len() > ANSWER_BYTES_MAX => {
                    return Err(Failure::new("an answer is too long"));
                }
                None => {}
            }
        };
        let (head, body) = self.answer.split_at(body);
        if head.starts_with(b"HTTP/1.1 201 ") {
            return Ok(body);
        }
        let (head, body) = (String::from_utf8_lossy(head), String::from_utf8_lossy(body));
        let status = head.lines().next().unwrap_or_default();
        Err(Failure::new(format!("a sale was not taken: {status}: {body}")))
    }
}

/// Where the body begins, once all of it is there.
fn whole_body(answer: &[u8]) -> Result<Option<usize>, Failure> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = answer.windows(END.len()).position(|window| window == END) else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?;
    let mut lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let length = lengths.next().ok_or_else(|| Failure::new("an answer has no length"))??;
    let body = end + END.len();
    Ok((answer.len() >= body.saturating_add(length)).then_some(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_once_its_last_byte_is_there() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\n{\"\"}";
        let head = answer.len() - 4;
        for len in 0..answer.len() {
            assert!(whole_body(&answer[..len]).unwrap_or(None).is_none(), "{len} bytes");
        }
        assert_eq!(whole_body(answer).ok().flatten(), Some(head));
        assert!(whole_body(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
