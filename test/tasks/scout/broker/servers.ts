import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** True where Debian's nats-server is installed; tests that need it are skipped aloud. */
export const hasNats = spawnSync("nats-server", ["--version"]).status === 0;
if (!hasNats) console.info("no nats-server here (Debian package nats-server): skipped");

/** A server of our own on a free port of the loopback interface. */
export interface NatsServer {
  readonly url: string;
  /** As if the power went off; its files stay. */
  kill(): Promise<void>;
  /** Starts it again on the same port and files. */
  start(): Promise<void>;
}

const servers: NatsServer[] = [];
const folders: string[] = [];

/** To be called at the end. */
export async function stopServers(): Promise<void> {
  await Promise.all(servers.map((server) => server.kill()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** @param maxPayload - longest message, bytes. */
export async function startNats({ maxPayload = 2 ** 20 } = {}): Promise<NatsServer> {
  const [server] = await startServers(1, maxPayload);
  return server;
}

/** Three servers that are one cluster, ready to hold streams of three replicas. */
export async function startCluster(): Promise<NatsServer[]> {
  const cluster = await startServers(3, 2 ** 20);
  await sleep(2500); // they choose their leader
  return cluster;
}

async function startServers(n: number, maxPayload: number): Promise<NatsServer[]> {
  const folder = mkdtempSync(join(tmpdir(), "forty-nats-"));
  folders.push(folder);
  const [ports, routes] = [await freePorts(n), await freePorts(n)];
  const started = ports.map((port, k) => {
    const name = `n${port}`;
    const file = join(folder, `${name}.conf`);
    const cluster = `cluster { name: c, listen: "127.0.0.1:${routes[k]}",
      routes: [${routes.map((route) => `"nats://127.0.0.1:${route}"`)}] }`;
    writeFileSync(
      file,
      `server_name: ${name}, listen: "127.0.0.1:${port}", max_payload: ${maxPayload}
       jetstream { store_dir: "${join(folder, name)}" }
       ${n > 1 ? cluster : ""}`,
    );
    return serverOf(file, port);
  });
  servers.push(...started);
  await Promise.all(started.map((server) => server.start()));
  return started;
}

function serverOf(file: string, port: number): NatsServer {
  let child: ChildProcess | null = null;
  return {
    url: `nats://127.0.0.1:${port}`,
    async start() {
      child = spawn("nats-server", ["-c", file], { stdio: "ignore" });
      while (!(await answers(port))) await sleep(20);
    },
    async kill() {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const [event] = await Promise.race([
    once(socket, "data").then(() => ["data"]),
    once(socket, "error").then(() => ["error"]),
  ]).catch(() => ["error"]);
  socket.destroy();
  return event === "data";
}

/** Ports that nobody listens on, all found before any is given back. */
async function freePorts(n: number): Promise<number[]> {
  const holders = Array.from({ length: n }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(holders.map((holder) => once(holder, "listening")));
  const ports = holders.map((holder) => (holder.address() as { port: number }).port);
  await Promise.all(holders.map((holder) => once(holder.close(), "close")));
  return ports;
}
