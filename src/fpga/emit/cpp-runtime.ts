/** What every emitted C++ header begins with: exact casts between fixed-point formats on int64. */
export const cppRuntime = `namespace fixed_point {

using std::int32_t;
using std::int64_t;
using std::uint64_t;

enum Rounding { TRN, TRN_ZERO, RND, RND_ZERO, RND_MIN_INF, RND_INF, RND_CONV };
enum Overflow { WRAP, SAT, SAT_ZERO, SAT_SYM };

/// value = n / 2^fraction, n of \`width\` bits
struct Format {
  bool isSigned;
  int width;
  int fraction;
  Rounding rounding;
  Overflow overflow;
};

/// n / 2^shift as an integer; |n| < 2^53
inline int64_t rounded(int64_t n, int shift, Rounding rounding) {
  const int places = shift < 60 ? shift : 60;
  const int64_t floor = n >> places;
  const int64_t rest = n & ((int64_t(1) << places) - 1);
  const int64_t half = int64_t(1) << (places - 1);
  const bool tie = rest == half;
  bool up = rest > half;
  switch (rounding) {
    case TRN: up = false; break;
    case TRN_ZERO: up = floor < 0 && rest != 0; break;
    case RND: up = up || tie; break;
    case RND_MIN_INF: break;
    case RND_ZERO: up = up || (tie && floor < 0); break;
    case RND_INF: up = up || (tie && floor >= 0); break;
    case RND_CONV: up = up || (tie && (floor & 1) != 0); break;
  }
  return up ? floor + 1 : floor;
}

/// the low bits of n, read with or without a sign
inline int64_t wrapped(uint64_t n, const Format& format) {
  const uint64_t low = n & ((uint64_t(1) << format.width) - 1);
  const bool isNegative = format.isSigned && (low >> (format.width - 1)) != 0;
  return int64_t(low) - (isNegative ? int64_t(1) << format.width : 0);
}

/// n / 2^fraction cast to a format; overflow is decided after rounding
inline int64_t cast(int64_t n, int fraction, const Format& format) {
  if (format.width == 0) return 0;
  const int shift = fraction - format.fraction;
  const int64_t hi = (int64_t(1) << (format.isSigned ? format.width - 1 : format.width)) - 1;
  const int64_t lo = !format.isSigned ? 0 : format.overflow == SAT_SYM ? -hi : -hi - 1;
  if (shift < 0 && format.overflow == WRAP)
    return wrapped(shift > -64 ? uint64_t(n) << -shift : 0, format);
  const int64_t far = int64_t(1) << 62;
  const int left = shift > -62 ? -shift : 62;
  const int64_t most = shift < 0 ? far >> left : far;
  const int64_t whole = shift > 0                  ? rounded(n, shift, format.rounding)
                        : n > most || n < -most ? (n < 0 ? -far : far)
                                                : n * (int64_t(1) << left);
  if (whole >= lo && whole <= hi) return whole;
  switch (format.overflow) {
    case WRAP: return wrapped(uint64_t(whole), format);
    case SAT_ZERO: return 0;
    default: return whole < lo ? lo : hi;
  }
}

inline int64_t up(int64_t n, int places) { return n * (int64_t(1) << places); }

}  // namespace fixed_point`;
