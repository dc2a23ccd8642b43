//! HTTP/1.1 on loopback, where an answer may also be a closed or a reset connection.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::{fmt, io};

use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Why a connection ends without (the rest of) an answer; `hyper` wants an error to drop a connection.
#[derive(Debug)]
pub(super) struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the make-believe server hangs up")
    }
}

impl std::error::Error for Gone {}

pub(super) type Answer = Response<UnsyncBoxBody<Bytes, Gone>>;

/// What a request is met with.
pub(super) enum Reply {
    Answer(Answer),
    /// The connection ends with FIN.
    Close,
    /// The connection ends with RST.
    Reset,
}

/// An answer in full.
pub(super) fn answer(status: u16, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
    build(status, &[("Content-Type", content_type)], body)
}

/// An answer that says more than is sent: `declared` bytes where only `sent` come, and then the connection ends.
pub(super) fn cut_short(content_type: &str, declared: usize, sent: Bytes) -> Answer {
    let body = stream::unfold(Some(sent), |sent| async move {
        if let Some(sent) = sent {
            return Some((Ok(Frame::data(sent)), None));
        }
        // Once more round the loop, so that hyper writes out what it has before it hears of the end.
        tokio::task::yield_now().await;
        Some((Err(Gone), None))
    });
    let declared = declared.to_string();
    build(200, &[("Content-Type", content_type), ("Content-Length", &declared)], StreamBody::new(body).boxed_unsync())
}

/// An answer that does not end; chunked, or with a `Content-Length` of a terabyte.
pub(super) fn endless(content_type: &str, chunk: Bytes, declared: bool) -> Answer {
    let body = stream::unfold(chunk, |chunk| async move {
        // Elsewhere on a single thread the reader wants its turn.
        tokio::task::yield_now().await;
        Some((Ok(Frame::data(chunk.clone())), chunk))
    });
    let mut headers = vec![("Content-Type", content_type)];
    if declared {
        headers.push(("Content-Length", "1099511627776"));
    }
    build(200, &headers, StreamBody::new(body).boxed_unsync())
}

pub(super) fn build(status: u16, headers: &[(&str, &str)], body: UnsyncBoxBody<Bytes, Gone>) -> Answer {
    let status = StatusCode::from_u16(status).expect("a status is from 100 to 999");
    let builder = headers.iter().fold(Response::builder().status(status), |b, (name, value)| b.header(*name, *value));
    builder.body(body).expect("the caller's headers are valid")
}

/// A listener on 127.0.0.1; port 0 is any free one.
pub(super) async fn listen(port: u16) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("loopback has the port free");
    let address = listener.local_addr().expect("a bound listener has an address");
    (listener, address)
}

/// Accepts until it is dropped; then the connections it accepted end too.
pub(super) struct Listening(JoinHandle<()>);

impl Listening {
    pub(super) fn spawn<F, C>(listener: TcpListener, mut on_connection: F) -> Self
    where
        F: FnMut(Tcp) -> C + Send + 'static,
        C: Future<Output = ()> + Send + 'static,
    {
        Self(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        if let Ok((stream, _)) = accepted {
                            connections.spawn(on_connection(Tcp::new(stream)));
                        }
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        }))
    }

    /// Ends the listener and its connections, and returns when the port is free.
    pub(super) async fn stop(mut self) {
        self.0.abort();
        // A cancelled task is what was asked for.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A TCP stream that can be told to end with RST rather than FIN, from wherever TLS and HTTP have taken it.
pub(super) struct Tcp {
    stream: TcpStream,
    reset: Reset,
}

/// The switch of one [`Tcp`].
#[derive(Clone, Default)]
pub(super) struct Reset(Arc<AtomicBool>);

impl Reset {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Tcp {
    fn new(stream: TcpStream) -> Self {
        // Small answers go out at once; a test would otherwise wait for the delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        Self { stream, reset: Reset::default() }
    }

    pub(super) fn reset(&self) -> Reset {
        self.reset.clone()
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        if self.reset.0.load(Ordering::SeqCst) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Serves HTTP/1.1 on a stream until either side ends it.
pub(super) async fn serve<S, F, R>(stream: S, reset: Reset, reply: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Reply>,
{
    let service = service_fn(|request| {
        let (reply, reset) = (reply(request), reset.clone());
        async move {
            match reply.await {
                Reply::Answer(answer) => Ok(answer),
                Reply::Close => Err(Gone),
                Reply::Reset => {
                    reset.set();
                    Err(Gone)
                }
            }
        }
    });
    // What ends a connection early is either our own doing or the caller's right.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// A body in full, up to `limit` bytes; `None` when it is longer or breaks off.
pub(super) async fn collect<B>(body: B, limit: usize) -> Option<Bytes>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    http_body_util::Limited::new(body, limit).collect().await.ok().map(http_body_util::Collected::to_bytes)
}
