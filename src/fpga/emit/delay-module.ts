/** A register chain for wires that are read many clocks later; tools make shift registers of it. */
export const delayModule = (name: string): string => `// Register chain: q is d, CLOCKS clocks later

module ${name} #(
    parameter int WIDTH  = 1,
    parameter int CLOCKS = 2
) (
    input  logic             clk,
    input  logic [WIDTH-1:0] d,
    output logic [WIDTH-1:0] q
);

  logic [CLOCKS*WIDTH-1:0] chain;
  always_ff @(posedge clk) chain <= {chain[(CLOCKS-1)*WIDTH-1:0], d};
  assign q = chain[CLOCKS*WIDTH-1 -: WIDTH];

endmodule
`;
