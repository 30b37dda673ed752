/** The argument of all commands that talk to a broker: its addresses. */
export const serversArgument = [
  "<servers>",
  "nats://host:port of the broker, or several of a cluster with commas",
  (text: string): string[] => text.split(","),
] as const;

/** Their option for the name of the runs there. */
export const nameOption = [
  "--name <prefix>",
  "name on the broker, as the runs have in broker.name",
  "forty",
] as const;
