// As much of DER (X.690) as SPNEGO needs. Every length is checked against what is there; nothing recurses.
#pragma once
#include <initializer_list>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"

namespace bossa::auth::der {

/// Identifier octets. SPNEGO has only low tag numbers.
namespace tag {
inline constexpr std::uint8_t octet_string = 0x04, object_identifier = 0x06, enumerated = 0x0A, general_string = 0x1B,
                              sequence = 0x30, application_0 = 0x60;
[[nodiscard]] constexpr std::uint8_t context(unsigned number) { return static_cast<std::uint8_t>(0xA0 + number); }
} // namespace tag

struct Element {
  std::uint8_t tag = 0;
  Bytes content;
  Bytes whole; ///< identifier, length and content
};

/// Walks the elements of one level.
class Reader {
public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::uint8_t peek() const { return rest_.empty() ? 0 : rest_[0]; }

  /// The next element. INVALID_PARAMETER: it does not fit, has an indefinite length or a tag number above 30. Lengths with
  /// needless leading zeros are let through: clients send them.
  Result<Element> next() {
    if (rest_.size() < 2 || (rest_[0] & 0x1F) == 0x1F) return fail(status::invalid_parameter);
    std::size_t length = rest_[1], header = 2;
    if (length >= 0x80) {
      std::size_t octets = length & 0x7F;
      if (octets == 0 || octets > 4 || rest_.size() < 2 + octets) return fail(status::invalid_parameter);
      length = 0;
      for (std::size_t i = 0; i < octets; ++i) length = length << 8 | rest_[2 + i];
      header += octets;
    }
    if (length > rest_.size() - header) return fail(status::invalid_parameter);
    Element element{rest_[0], rest_.subspan(header, length), rest_.first(header + length)};
    rest_ = rest_.subspan(header + length);
    return element;
  }
  /// The next element, which must have that tag.
  Result<Element> expect(std::uint8_t tag) {
    auto element = next();
    if (element && element->tag != tag) return fail(status::invalid_parameter);
    return element;
  }
  /// The content of the only element inside, which must have that tag: an EXPLICIT tag taken off.
  static Result<Element> only(Bytes content, std::uint8_t tag) {
    Reader reader(content);
    auto element = reader.expect(tag);
    if (element && !reader.at_end()) return fail(status::invalid_parameter);
    return element;
  }

private:
  Bytes rest_;
};

/// One element around content that is already built.
[[nodiscard]] inline ByteVector wrap(std::uint8_t tag, Bytes content) {
  ByteVector out{tag};
  if (content.size() < 0x80) {
    out.push_back(static_cast<std::uint8_t>(content.size()));
  } else {
    std::uint8_t octets = content.size() > 0xFFFFFF ? 4 : content.size() > 0xFFFF ? 3 : content.size() > 0xFF ? 2 : 1;
    out.push_back(static_cast<std::uint8_t>(0x80 | octets));
    for (int shift = (octets - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(content.size() >> shift));
  }
  out.insert(out.end(), content.begin(), content.end());
  return out;
}
[[nodiscard]] inline ByteVector join(std::initializer_list<Bytes> parts) {
  ByteVector out;
  for (auto part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

} // namespace bossa::auth::der
