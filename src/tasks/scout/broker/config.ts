import { z } from "zod";

/** Settings of a run on several machines: default, unit and one line of help each. */
export const brokerSchema = z.strictObject({
  servers: z
    .array(z.string().regex(/^(nats|tls):\/\/[^\s/@]+$/, "expected nats://host:port"))
    .min(1)
    .default(["nats://127.0.0.1:4222"])
    .describe("addresses of the NATS servers, one or more of a cluster"),
  name: z
    .string()
    .regex(/^[A-Za-z][\w-]*$/, "expected letters, digits, - and _")
    .default("forty")
    .describe("prefix of all names on the broker; 'forty scout work' is given the same"),
  replicas: z
    .union([z.literal(1), z.literal(3), z.literal(5)])
    .default(1)
    .describe("servers that hold each message; 3 outlive the loss of any one"),
  ackSeconds: z
    .number()
    .min(1)
    .max(3600)
    .default(30)
    .describe("a block is given to another worker when its own was silent for so long, s"),
  attempts: z
    .int()
    .min(1)
    .max(100)
    .default(5)
    .describe("a block that fails so often ends the run with its reason"),
  publishers: z
    .int()
    .min(0)
    .max(1000)
    .default(0)
    .describe(
      "blocks come from so many 'forty scout publish', not from a source of the run itself",
    ),
  retrySeconds: z
    .number()
    .min(1)
    .default(300)
    .describe("a broker that is away is waited for so long, s"),
});

export type BrokerConfig = z.infer<typeof brokerSchema>;
