export { type Monitor, type MonitorOptions, monitorPort, serveMonitor } from "./run-server.ts";
