// What is promised as a line of text: one word for the client, one for each handle.
#include <fmt/format.h>

#include <sstream>

#include "compat-tests/client/failover.hpp"

namespace bossa::checks {
namespace {

std::string hex(Bytes bytes) {
  std::string text = "x";  // so that no word is empty
  for (auto byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}
ByteVector unhex(const std::string& text) {
  ByteVector bytes;
  for (std::size_t i = 1; i + 1 < text.size(); i += 2) bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return bytes;
}
ByteArray<16> guid_of(const std::string& text) {
  ByteArray<16> guid{};
  auto bytes = unhex(text);
  EXPECT(bytes.size() == guid.size());
  std::copy(bytes.begin(), bytes.end(), guid.begin());
  return guid;
}

void put(std::ostream& out, const wire::LockElement& element) { out << ' ' << element.offset << ' ' << element.length << ' ' << element.flags; }
wire::LockElement take(std::istream& in) {
  wire::LockElement element{};
  in >> element.offset >> element.length >> element.flags;
  return element;
}

void put(std::ostream& out, const Promise& promise) {
  out << ' ' << promise.name << ' ' << promise.id.persistent << ' ' << promise.id.volatile_ << ' ' << hex(promise.create_guid) << ' ' << promise.share << ' '
      << promise.batch << ' ' << promise.lease_key.has_value();
  if (promise.lease_key) out << ' ' << hex(*promise.lease_key) << ' ' << *promise.lease_states.begin();
  out << ' ' << promise.locks.size();
  for (const auto& element : promise.locks) put(out, element);
  out << ' ' << promise.lock_under_way.has_value();
  if (promise.lock_under_way) put(out, *promise.lock_under_way);
  out << ' ' << hex(promise.content) << ' ' << promise.write_offset << ' ' << hex(promise.write_under_way);
}

Promise promise_from(std::istream& in) {
  Promise promise;
  std::string word;
  bool leased = false, locking = false;
  std::size_t locks = 0;
  promise.persistent = true;
  in >> promise.name >> promise.id.persistent >> promise.id.volatile_ >> word >> promise.share >> promise.batch >> leased;
  promise.create_guid = guid_of(word);
  if (leased) {
    std::uint32_t state = 0;
    in >> word >> state;
    promise.lease_key = guid_of(word);
    promise.lease_states = {state};
  }
  in >> locks;
  for (std::size_t i = 0; i < locks && in; ++i) promise.locks.push_back(take(in));
  in >> locking;
  if (locking) promise.lock_under_way = take(in);
  in >> word;
  promise.content = unhex(word);
  in >> promise.write_offset >> word;
  promise.write_under_way = unhex(word);
  EXPECT(in);
  return promise;
}

}  // namespace

std::string Worker::snapshot() const {
  std::ostringstream out;
  out << hex(client_guid_) << ' ' << promises_.size();
  for (const auto& promise : promises_) put(out, promise);
  return out.str();
}

void Worker::restore(const std::string& snapshot) {
  std::istringstream in(snapshot);
  std::string word;
  std::size_t count = 0;
  in >> word >> count;
  client_guid_ = guid_of(word);
  promises_.clear();
  for (std::size_t i = 0; i < count; ++i) promises_.push_back(promise_from(in));
}

}  // namespace bossa::checks
