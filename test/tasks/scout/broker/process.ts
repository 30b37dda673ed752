/** Runs `collect` or `work` as a process of its own, which tests kill: ROLE and OPTIONS as JSON. */
import { work } from "../../../../src/tasks/scout/broker/run-work.ts";
import { collect } from "./collect.ts";

const [role, options] = process.argv.slice(2);
if (role === "collect") await collect(JSON.parse(options));
else await work(JSON.parse(options));
