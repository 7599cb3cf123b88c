// Account records: those of passdb.tdb, and an smbpasswd file. What is read without complaint is kept when it is written again.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "src/auth/passdb.hpp"
#include "src/auth/sam_record.hpp"
#include "src/base/unicode.hpp"

namespace {

using namespace bossa;

void need(bool holds) {
  if (!holds) __builtin_trap();
}

void sam_record(Bytes input) {
  auto account = auth::unpack_sam_record(input);
  if (!account) return;
  for (std::int64_t when : {0, 1700000000, -1}) (void)account->may_log_on_at(when);
  auto record = auth::pack_sam_record(*account);
  auto back = auth::unpack_sam_record(record);
  need(back.has_value());
  need(auth::pack_sam_record(*back) == record);
}

void smbpasswd_file(Bytes input) {
  static const int file = ::memfd_create("smbpasswd", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  need(::ftruncate(file, 0) == 0 && ::pwrite(file, input.data(), input.size(), 0) == static_cast<ssize_t>(input.size()));
  auto database = auth::open_smbpasswd(path);
  auto accounts = database->list();
  if (!accounts) return;
  for (const auto& one : *accounts) {
    auto found = database->find(one.name);
    need(found && *found && equal_ignoring_case((*found)->name, one.name));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = to_vector({data, size});
  sam_record(input);
  smbpasswd_file(input);
  return 0;
}
