import type { Bus } from "./buses.ts";
import { type Bench, vectorFiles } from "./vectors.ts";

/**
 * The testbench as a C++ main for `verilator --cc --exe`: builds in a fraction of the time that
 * `--timing` takes. Takes the folder of the vector files as its argument (default: here).
 */
export function verilatorMain({ top, ports, pipeline, n }: Bench): string {
  const { latency, interval } = pipeline;
  const calls = (buses: readonly Bus[], call: (bus: Bus, low: number) => string) => {
    let low = 0;
    return buses.map((bus) => {
      const text = call(bus, low);
      low += bus.width;
      return text;
    });
  };
  return `// Self-checking testbench of ${top} for Verilator; reads ${vectorFiles.inputs} and ${vectorFiles.outputs}
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>
#include "V${top}.h"
#include "verilated.h"

using Words = std::vector<uint32_t>;

static std::vector<Words> readHex(const std::string& path) {
  std::vector<Words> vectors;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    Words words((line.size() + 7) / 8 + 2, 0);
    for (size_t i = 0; i < line.size(); i++) {
      const char c = line[line.size() - 1 - i];
      const uint32_t digit = c <= '9' ? c - '0' : c - 'a' + 10;
      words[i / 8] |= digit << (4 * (i % 8));
    }
    vectors.push_back(words);
  }
  return vectors;
}

/** Up to 32 bits from bit \`low\` on. */
static uint32_t bits(const Words& words, int low, int width) {
  const uint64_t both = words[low / 32] | uint64_t(words[low / 32 + 1]) << 32;
  return uint32_t(both >> (low % 32)) & uint32_t((uint64_t(1) << width) - 1);
}

template <class Port>
static void drive(Port& port, const Words& words, int low, int width) {
  if constexpr (std::is_integral<Port>::value) {
    uint64_t value = bits(words, low, width < 32 ? width : 32);
    if (width > 32) value |= uint64_t(bits(words, low + 32, width - 32)) << 32;
    port = Port(value);
  } else {
    for (int i = 0; 32 * i < width; i++)
      port[i] = bits(words, low + 32 * i, width - 32 * i < 32 ? width - 32 * i : 32);
  }
}

template <class Port>
static bool holds(const Port& port, const Words& words, int low, int width) {
  Port wanted;
  drive(wanted, words, low, width);
  if constexpr (std::is_integral<Port>::value) {
    return port == wanted;
  } else {
    for (int i = 0; 32 * i < width; i++)
      if (port[i] != wanted[i]) return false;
    return true;
  }
}

template <class Port>
static void print(const char* name, const Port& port, const Words& words, int low, int width) {
  Port wanted;
  drive(wanted, words, low, width);
  const auto hex = [width](const Port& p) {
    for (int i = (width - 1) / 32; i >= 0; i--) {
      if constexpr (std::is_integral<Port>::value)
        std::printf("%08x", uint32_t(uint64_t(p) >> (32 * i)));
      else
        std::printf("%08x", p[i]);
    }
  };
  std::printf("  %s: got ", name);
  hex(port);
  std::printf(", expected ");
  hex(wanted);
  std::printf("\\n");
}

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? std::string(argv[1]) + "/" : "";
  const auto stimulus = readHex(folder + "${vectorFiles.inputs}");
  const auto expected = readHex(folder + "${vectorFiles.outputs}");
  const size_t vectors = ${n};
  const long latency = ${latency};
  if (stimulus.size() != vectors || expected.size() != vectors) {
    std::printf("FAIL vector files of %zu and %zu lines, expected %zu\\n", stimulus.size(),
                expected.size(), vectors);
    return 1;
  }
  VerilatedContext context;
  context.randReset(2);
  V${top} dut(&context);
  const auto edge = [&dut] {
    dut.clk = 1;
    dut.eval();
    dut.clk = 0;
    dut.eval();
  };
  const auto drive_all = [&dut](const Words& words) {
${calls(ports.inputs, ({ name, width }, low) => `    drive(dut.${name}, words, ${low}, ${width});`).join("\n")}
  };
  dut.clk = 0;
  dut.rst = 1;
  dut.valid_in = 0;
  for (long i = 0; i < latency + 2; i++) edge();
  dut.rst = 0;

  std::vector<long> sentAt(vectors, 0);
  size_t sent = 0, received = 0, mismatches = 0;
  uint32_t random = 1;
  long idle = 0;
  for (long clock = 0; received < vectors && idle < latency + 1000; clock++, idle++) {
    // in the second half of the vectors, pauses with other bits on the inputs
    random = random * 1664525u + 1013904223u;
    const bool pause = 2 * sent >= vectors && (random >> 24) % 3 == 0;
    dut.valid_in = sent < vectors && !pause;
    if (dut.valid_in) {
      drive_all(stimulus[sent]);
    } else {
      Words noise(stimulus[0].size());
      for (auto& word : noise) word = random = random * 1664525u + 1013904223u;
      drive_all(noise);
    }
    dut.eval();
    if (dut.valid_in${interval > 1 ? " && dut.ready" : ""}) sentAt[sent++] = clock;
${latency > 0 ? "    edge();\n" : ""}    if (!dut.valid_out) continue;
    idle = 0;
    const bool onTime = received < sent && clock + ${latency > 0 ? 1 : 0} - sentAt[received] == latency;
    const Words& words = expected[received < vectors ? received : vectors - 1];
    const bool equal = ${calls(ports.outputs, ({ name, width }, low) => `holds(dut.${name}, words, ${low}, ${width})`).join(" &&\n                       ")};
    if ((!onTime || !equal) && mismatches++ < 5) {
      std::printf("vector %zu:%s\\n", received, onTime ? "" : " in the wrong clock");
${calls(ports.outputs, ({ name, width }, low) => `      print("${name}", dut.${name}, words, ${low}, ${width});`).join("\n")}
    }
    received++;
  }
  dut.final();
  if (received < vectors) std::printf("%zu results missing\\n", vectors - received);
  mismatches += vectors - received;
  const bool good = mismatches == 0;
  if (good) std::printf("PASS %zu vectors, latency %ld\\n", vectors, latency);
  else std::printf("FAIL %zu vectors, %zu mismatches, latency %ld\\n", vectors, mismatches, latency);
  return good ? 0 : 1;
}
`;
}
