//! Rows that take turns: in each round every row of a level runs once, so that a slow moment of the machine meets all of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tonic::Code;
use tonic::transport::Channel;

use super::baskets::Baskets;
use super::host::Host;
use super::load::{self, Load, Method};
use super::tally::Figures;

/// How a level is measured.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Before the first round, each row.
    pub warm_up: Duration,
    /// One round of a row.
    pub round: Duration,
    /// How many.
    pub rounds: u32,
}

/// One method under one load: a figure a round.
#[derive(Debug, Clone)]
pub struct Row {
    /// What is called.
    pub method: Method,
    /// Requests at once on each connection.
    pub streams: u32,
    /// Round by round.
    pub rounds: Vec<Figures>,
}

/// A server and open connections to it.
#[derive(Debug)]
pub struct Target {
    /// Where connections go to.
    pub channels: Vec<Channel>,
    /// The server, where it is one of ours.
    pub host: Option<Host>,
    /// Which methods it has, in the order in which they take turns.
    pub methods: Vec<Method>,
}

impl Target {
    /// Connects, asks every basket once, and looks whether the server has the floors.
    ///
    /// # Errors
    /// Nobody answers, or a basket is refused.
    pub async fn reach(
        (uri, connections): (&str, u32),
        host: Option<Host>,
        baskets: &Baskets,
        stream: bool,
    ) -> Result<Self> {
        let channels = load::connect(uri, connections).await?;
        let channel = channels.first().context("no connection")?;
        for (number, asked) in (1_u32..).zip(&baskets.unary) {
            let answer = load::call(channel, Method::Quote, asked.clone()).await;
            answer.map_err(|status| anyhow::anyhow!("basket {number} is refused: {}", status.message()))?;
        }
        let first = baskets.unary.first().context("no basket")?;
        let mut methods = Vec::new();
        for method in [Method::Echo, Method::Ready] {
            match load::call(channel, method, first.clone()).await {
                Ok(_) => methods.push(method),
                Err(status) => ensure!(status.code() == Code::Unimplemented, "the floor fails: {status}"),
            }
        }
        methods.push(Method::Quote);
        methods.extend(stream.then_some(Method::QuoteStream));
        Ok(Target { channels, host, methods })
    }

    /// Measures every method at one number of streams; `step` is told of every run.
    ///
    /// # Errors
    /// A connection breaks.
    pub async fn level(
        &self,
        (streams, rate): (u32, Option<u32>),
        baskets: &Baskets,
        timing: Timing,
        mut step: impl FnMut(),
    ) -> Result<Vec<Row>> {
        let loads = self.methods.iter().map(|&method| {
            let asked = if method == Method::QuoteStream { &baskets.streamed } else { &baskets.unary };
            Load { channels: self.channels.clone(), streams, rate, method, asked: Arc::new(asked.clone()) }
        });
        let loads: Vec<Load> = loads.collect();
        for load in &loads {
            load.run(timing.warm_up).await?;
            step();
        }
        let mut rows: Vec<Row> =
            loads.iter().map(|load| Row { method: load.method, streams, rounds: Vec::new() }).collect();
        for _ in 0..timing.rounds {
            for (load, row) in loads.iter().zip(&mut rows) {
                row.rounds.push(self.round(load, timing.round).await?);
                step();
            }
        }
        Ok(rows)
    }

    async fn round(&self, load: &Load, time: Duration) -> Result<Figures> {
        let before = self.host.as_ref().and_then(Host::cpu);
        let figures = load.run(time).await?;
        let after = self.host.as_ref().and_then(Host::cpu);
        let used = after.zip(before).map(|(after, before)| after.since(&before));
        let server_cpu = used.and_then(|used| used.checked_div(figures.answered));
        Ok(Figures { server_cpu, ..figures })
    }
}
