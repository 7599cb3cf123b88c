// One operation over and over through libsmbclient for a time; prints what it did as one line of JSON.
// usage: bossa-bench-libsmbclient --port P --share S --user U --password W --conf FILE --op OP [--seconds N] [--encrypt]
// operations: read, write (64 MiB file, 1 MiB at a time), small-files (create + read + delete of 4 KiB), list (1,000 entries),
// open-close, stat. Signing and algorithms come from the configuration file.
#include <fcntl.h>
#include <libsmbclient.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr std::size_t block = std::size_t{1} << 20;
constexpr std::uint64_t file_size = std::uint64_t{64} << 20;

struct Count {
  unsigned long long operations = 0, bytes = 0;
};

using Arguments = std::map<std::string, std::string>;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "bossa-bench-libsmbclient: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

/// A number of operations a second or a bit rate is the caller's business; this only works until the time is over.
class Clock {
public:
  explicit Clock(double seconds)
      : end_(std::chrono::steady_clock::now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds))) {}
  [[nodiscard]] bool running() const { return std::chrono::steady_clock::now() < end_; }
  [[nodiscard]] double elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

private:
  using Duration = std::chrono::steady_clock::duration;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now(), end_;
};

SMBCCTX* new_context(Arguments& arguments) {
  SMBCCTX* context = smbc_new_context();
  if (context == nullptr) give_up("context");
  smbc_setOptionUserData(context, &arguments);
  smbc_setFunctionAuthDataWithContext(context, [](SMBCCTX* c, const char*, const char*, char* workgroup, int workgroup_size,
                                                  char* user, int user_size, char* password, int password_size) {
    auto& given = *static_cast<Arguments*>(smbc_getOptionUserData(c));
    std::snprintf(workgroup, static_cast<std::size_t>(workgroup_size), "WORKGROUP");
    std::snprintf(user, static_cast<std::size_t>(user_size), "%s", given["--user"].c_str());
    std::snprintf(password, static_cast<std::size_t>(password_size), "%s", given["--password"].c_str());
  });
  if (smbc_init_context(context) == nullptr) give_up("context");
  if (smbc_setConfiguration(context, arguments["--conf"].c_str()) != 0) give_up("configuration");
  smbc_setPort(context, static_cast<std::uint16_t>(std::stoi(arguments["--port"])));
  smbc_setOptionProtocols(context, "SMB3_11", "SMB3_11");
  if (arguments.count("--encrypt") != 0) smbc_setOptionSmbEncryptionLevel(context, SMBC_ENCRYPTLEVEL_REQUIRE);
  smbc_set_context(context);
  return context;
}

int open_file(const std::string& url, int flags) {
  int file = smbc_open(url.c_str(), flags, 0644);
  if (file < 0) give_up(url.c_str());
  return file;
}

void write_file(const std::string& url, std::uint64_t size) {
  std::vector<char> data(block, 'x');
  int file = open_file(url, O_WRONLY | O_CREAT);
  for (std::uint64_t done = 0; done < size; done += block)
    if (smbc_write(file, data.data(), data.size()) != static_cast<ssize_t>(data.size())) give_up("write");
  smbc_close(file);
}

Count stream(const std::string& url, const Clock& clock, bool writing) {
  std::vector<char> data(block, 'y');
  Count count;
  int file = open_file(url, O_RDWR | O_CREAT);
  for (std::uint64_t at = 0; clock.running(); at += block) {
    if (at % file_size == 0) smbc_lseek(file, 0, SEEK_SET);
    ssize_t moved = writing ? smbc_write(file, data.data(), block) : smbc_read(file, data.data(), block);
    if (moved != static_cast<ssize_t>(block)) give_up(writing ? "write" : "read");
    ++count.operations;
    count.bytes += block;
  }
  smbc_close(file);
  return count;
}

Count small_files(const std::string& folder, const Clock& clock) {
  std::vector<char> data(4096, 'z');
  Count count;
  while (clock.running()) {
    auto url = folder + "/small-" + std::to_string(count.operations % 100);
    int file = open_file(url, O_RDWR | O_CREAT);
    if (smbc_write(file, data.data(), data.size()) != 4096) give_up("write");
    smbc_close(file);
    file = open_file(url, O_RDONLY);
    if (smbc_read(file, data.data(), data.size()) != 4096) give_up("read");
    smbc_close(file);
    if (smbc_unlink(url.c_str()) != 0) give_up("unlink");
    ++count.operations;
  }
  return count;
}

Count listing(const std::string& folder, const Clock& clock) {
  Count count;
  while (clock.running()) {
    int directory = smbc_opendir(folder.c_str());
    if (directory < 0) give_up("opendir");
    int entries = 0;
    while (smbc_readdir(static_cast<unsigned>(directory)) != nullptr) ++entries;
    smbc_closedir(directory);
    if (entries < 1000) give_up("entries of the listing");
    ++count.operations;
  }
  return count;
}

Count open_close(const std::string& url, const Clock& clock) {
  Count count;
  for (; clock.running(); ++count.operations) smbc_close(open_file(url, O_RDONLY));
  return count;
}

Count stat_file(const std::string& url, const Clock& clock) {
  Count count;
  for (struct stat status{}; clock.running(); ++count.operations)
    if (smbc_stat(url.c_str(), &status) != 0) give_up("stat");
  return count;
}

} // namespace

int main(int argc, char** argv) {
  Arguments arguments{{"--seconds", "3"}};
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    arguments[name] = name == "--encrypt" || i + 1 >= argc ? "" : argv[++i];
  }
  for (const char* needed : {"--port", "--share", "--user", "--password", "--conf", "--op"})
    if (arguments.count(needed) == 0) {
      std::fprintf(stderr, "bossa-bench-libsmbclient: %s is missing; the head of the source has the usage\n", needed);
      return 2;
    }
  SMBCCTX* context = new_context(arguments);
  const std::string share = "smb://127.0.0.1/" + arguments["--share"], file = share + "/lib.dat", operation = arguments["--op"];
  struct stat status {};
  if (smbc_stat(file.c_str(), &status) != 0 || static_cast<std::uint64_t>(status.st_size) < file_size)
    write_file(file, file_size);
  std::puts("{\"phase\":\"start\"}");
  std::fflush(stdout);
  Clock clock(std::stod(arguments["--seconds"]));
  Count count;
  if (operation == "read" || operation == "write")
    count = stream(file, clock, operation == "write");
  else if (operation == "small-files")
    count = small_files(share, clock);
  else if (operation == "list")
    count = listing(share + "/thousand", clock);
  else if (operation == "open-close")
    count = open_close(file, clock);
  else if (operation == "stat")
    count = stat_file(file, clock);
  else
    return 2;
  std::printf("{\"op\":\"%s\",\"ops\":%llu,\"bytes\":%llu,\"elapsed\":%.6f}\n", operation.c_str(), count.operations, count.bytes,
              clock.elapsed());
  smbc_free_context(context, 1);
  return 0;
}
