//! A proxy on loopback that opens ways by CONNECT to whoever gives its login, and does nothing else.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

use super::super::wire::{self, Listening};

/// Longer than any head of a request.
const LONGEST_HEAD: usize = 16 * 1024;

/// The proxy; it ends when it is dropped.
pub struct Proxy {
    address: std::net::SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _listening: Listening,
}

impl Proxy {
    /// Opens ways for whoever gives this login, `user:password`; for everyone where there is none.
    pub async fn start(login: Option<&str>) -> Self {
        let (listener, address) = wire::listen(0).await;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, login) = (asked.clone(), login.map(|login| format!("Basic {}", STANDARD.encode(login))));
        let listening = Listening::spawn(listener, move |tcp| {
            let (kept, login) = (kept.clone(), login.clone());
            async move {
                // Whatever ends the connection, the caller sees it.
                let _ = serve(tcp, &kept, login.as_deref()).await;
            }
        });
        Self { address, asked, _listening: listening }
    }

    /// Its address, with a login before the host where one is given.
    pub fn url(&self, login: Option<&str>) -> String {
        let login = login.map_or_else(String::new, |login| format!("{login}@"));
        format!("http://{login}{}", self.address)
    }

    /// The first line of each request, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(mut client: wire::Tcp, asked: &Mutex<Vec<String>>, login: Option<&str>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < LONGEST_HEAD {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default().to_owned();
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
    let given = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("proxy-authorization").then_some(value)
    });
    if login.is_some() && given != login {
        let answer =
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
        return client.write_all(answer.as_bytes()).await;
    }
    let Some(host) = line.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else {
        return client.write_all(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n").await;
    };
    let Ok(mut server) = TcpStream::connect(host).await else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await;
    };
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}
