//! A network of its own for each test: a bridge, and namespaces whose cables can be cut.

use super::PATIENCE;
use super::programs::{bare_command, program, run};
use super::undo::Undo;
use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::process::Stdio;

/// One for each test at a time. Its number is in all its names, and in its addresses: 198.18.NUMBER.0/24, from the
/// range that is set aside for tests of networks (RFC 2544).
const NETWORKS: u8 = u8::MAX;
/// The last byte of this side's address, and of the first node's.
const HERE: u8 = 1;
const FIRST_NODE: usize = 10;
/// States of a bridge's port, as the spanning tree protocol (IEEE 802.1D) and Linux name them.
const PORT_DISABLED: u8 = 0;
const PORT_FORWARDING: u8 = 3;

/// Takes a network away: its number, and how many nodes it may have. A namespace would take its cable along, but later.
const REMOVE: &str = r#"
node=0
while [ $node -lt "$2" ]; do
    ip link delete "batzen$1p$node"
    ip netns delete "batzen$1n$node"
    node=$((node + 1))
done
ip link delete "batzen$1"
"#;

/// Nodes, in a namespace each, on one bridge with the test itself. Gone when dropped.
#[derive(Debug)]
pub(super) struct Network {
    number: u8,
    /// Also holds the lock by which other tests leave the number alone.
    _undo: Undo,
}

impl Network {
    pub(super) fn new(nodes: usize) -> Self {
        let (number, lock) = take_number();
        let arguments = [number.to_string(), nodes.to_string()];
        let arguments = [arguments[0].as_str(), arguments[1].as_str()];
        // What a test left that was killed together with the shell that should have tidied up.
        drop(Undo::later(REMOVE, &arguments, Stdio::null()));
        let network = Self { number, _undo: Undo::later(REMOVE, &arguments, lock) };
        let bridge = network.bridge();
        ip(&format!("link add {bridge} address {} type bridge", network.hardware(HERE)));
        ip(&format!("address add {}/24 dev {bridge}", network.here()));
        ip(&format!("link set {bridge} up"));
        for node in 0..nodes {
            network.add(node, nodes);
        }
        network
    }

    /// This side's address.
    pub(super) fn here(&self) -> String {
        self.address_of(HERE)
    }

    /// A node's address.
    pub(super) fn address(&self, node: usize) -> String {
        self.address_of(host(node))
    }

    /// The file by which a process can enter the node's namespace.
    pub(super) fn namespace_file(&self, node: usize) -> PathBuf {
        PathBuf::from("/run/netns").join(self.namespace(node))
    }

    /// Nothing reaches the node or comes from it any more, and nobody is told.
    pub(super) fn cut(&self, node: usize) {
        self.set_port(node, PORT_DISABLED);
    }

    /// Ends that.
    pub(super) fn mend(&self, node: usize) {
        self.set_port(node, PORT_FORWARDING);
    }

    /// The bridge's port alone is switched: the cable stays up at both ends, so that neither notices.
    fn set_port(&self, node: usize, state: u8) {
        iproute2("bridge", &format!("link set dev {} state {state}", self.port(node)));
    }

    fn add(&self, node: usize, nodes: usize) {
        let (namespace, port) = (self.namespace(node), self.port(node));
        let hardware = self.hardware(host(node));
        ip(&format!("netns add {namespace}"));
        ip(&format!("link add {port} type veth peer name eth0 address {hardware} netns {namespace}"));
        ip(&format!("link set {port} master {} up", self.bridge()));
        ip(&format!("-n {namespace} link set lo up"));
        ip(&format!("-n {namespace} address add {}/24 dev eth0", self.address(node)));
        ip(&format!("-n {namespace} link set eth0 up"));
        // Everybody knows everybody's hardware address for good. Else whoever asks for a node that is cut off learns
        // within seconds that no such node is there, as from a host on the same cable, but not from one far away.
        self.introduce(&self.bridge(), None, host(node));
        let others = (0..nodes).filter(|other| *other != node).map(host);
        for other in others.chain([HERE]) {
            self.introduce("eth0", Some(&namespace), other);
        }
    }

    fn introduce(&self, device: &str, namespace: Option<&str>, host: u8) {
        let inside = namespace.map(|name| format!("-n {name} ")).unwrap_or_default();
        let (address, hardware) = (self.address_of(host), self.hardware(host));
        ip(&format!("{inside}neighbour replace {address} lladdr {hardware} dev {device} nud permanent"));
    }

    fn bridge(&self) -> String {
        format!("batzen{}", self.number)
    }

    fn namespace(&self, node: usize) -> String {
        format!("batzen{}n{node}", self.number)
    }

    fn port(&self, node: usize) -> String {
        format!("batzen{}p{node}", self.number)
    }

    fn address_of(&self, host: u8) -> String {
        format!("198.18.{}.{host}", self.number)
    }

    /// Locally administered (IEEE 802), and as unique as the address.
    fn hardware(&self, host: u8) -> String {
        format!("02:62:7a:00:{:02x}:{host:02x}", self.number)
    }
}

/// The last byte of a node's address.
fn host(node: usize) -> u8 {
    u8::try_from(FIRST_NODE + node).expect("there are few nodes")
}

/// A number that no other test has while the file is held.
fn take_number() -> (u8, File) {
    let folder = std::env::temp_dir().join("batzen-e2e-networks");
    fs::create_dir_all(&folder).expect("the temporary folder can be written");
    for number in 0..NETWORKS {
        let path = folder.join(number.to_string());
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let lock = opened.expect("the temporary folder can be written");
        if lock.try_lock().is_ok() {
            return (number, lock);
        }
    }
    panic!("{NETWORKS} tests have a network each");
}

fn ip(arguments: &str) {
    iproute2("ip", arguments);
}

fn iproute2(name: &str, arguments: &str) {
    let mut command = bare_command(&program(name, "iproute2"));
    command.args(arguments.split_whitespace());
    if let Err(said) = run(&mut command, "", PATIENCE) {
        panic!(
            "{name} {arguments}: {said}\nPatroni's nodes need network namespaces, a bridge and veth pairs"
        );
    }
}
