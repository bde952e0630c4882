// Wisdom as a file: JSON that a person can read, and that many programs may add to.
//
//     {"format": "faltung wisdom 1",
//      "machines": [{"cpu": …, "target": "AVX2", "version": "0.1.0", "threads": 1,
//                    "problems": {"conv2d …": {"polyphase": {"run": 0.0022, "pack": 1.1e-05}}}}]}
#include <faltung/error.hpp>
#include <faltung/tune.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace faltung {

namespace {

using Json = nlohmann::json;

constexpr const char* format = "faltung wisdom 1";
/// A thousand layers have some hundred kB.
constexpr std::uintmax_t most_bytes = std::uintmax_t{1} << 28U;

[[noreturn]] void fail(const std::string& path, const char* action, int error) {
  throw FileError(
      fmt::format("{}: cannot {} it, {}: give another path in FALTUNG_WISDOM", path, action, std::strerror(error)));
}

/// A lock beside the file, held while this lives. It stays there: removing it would let two hold it.
class Lock {
 public:
  explicit Lock(const std::string& path) : file_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666)) {
    if (file_ < 0) fail(path, "open", errno);
    while (::flock(file_, LOCK_EX) != 0)
      if (errno != EINTR) fail(path, "lock", errno);
  }
  ~Lock() { ::close(file_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_;
};

/// So that it appears whole or not at all.
void write_whole(const std::string& path, const std::string& text) {
  std::string temporary = path + ".XXXXXX";
  const int file = ::mkstemp(temporary.data());
  if (file < 0) fail(path, "write", errno);
  ::fchmod(file, 0644);
  int error = 0;
  for (std::size_t done = 0; done < text.size() && error == 0;) {
    const ssize_t count = ::write(file, text.data() + done, text.size() - done);
    if (count < 0 && errno != EINTR) error = errno;
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  if (::close(file) != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return;
  ::unlink(temporary.c_str());
  fail(path, "write", error);
}

}  // namespace

/// nlohmann's own values allocate while they are destroyed, which a lack of memory does not survive: so the parts are
/// taken as they come.
struct WisdomFile {
  /// Throws std::exception where the text is none.
  static Wisdom parse(const std::string& text);

  static std::string print(const Wisdom& wisdom) {
    const auto quoted = [](const std::string& word) {
      return Json(word).dump(-1, ' ', false, Json::error_handler_t::replace);
    };
    std::string text = fmt::format("{{\"format\": \"{}\", \"machines\": [", format);
    std::string_view machine_comma, comma;
    for (const auto& [machine, problems] : wisdom.times_) {
      text += fmt::format("{}\n {{\"cpu\": {}, \"target\": {}, \"version\": {}, \"threads\": {}, \"problems\": {{",
                          machine_comma, quoted(machine.cpu), quoted(machine.target), quoted(machine.version),
                          machine.threads);
      machine_comma = ",";
      std::string_view problem_comma;
      for (const auto& [problem, algorithms] : problems) {
        text += fmt::format("{}\n  {}: {{", problem_comma, quoted(problem));
        problem_comma = ",";
        comma = "";
        for (const auto& [algorithm, times] : algorithms) {
          text += fmt::format("{}{}: {{\"run\": {:.4g}, \"pack\": {:.4g}}}", comma, quoted(algorithm), times.run,
                              times.pack);
          comma = ", ";
        }
        text += "}";
      }
      text += "}}";
    }
    return text + "\n]}\n";
  }

  static void merge(Wisdom& into, const Wisdom& from) {
    for (const auto& [machine, problems] : from.times_)
      for (const auto& [problem, algorithms] : problems)
        for (const auto& [algorithm, times] : algorithms) into.times_[machine][problem][algorithm] = times;
  }

  /// Whether a plan on this machine may find something in it, whatever its threads.
  static bool speaks_of(const Wisdom& wisdom, const Machine& here) {
    for (const auto& [machine, problems] : wisdom.times_)
      if (machine.cpu == here.cpu && machine.target == here.target && machine.version == here.version) return true;
    return wisdom.empty();
  }

  /// Nothing where there is no file. Throws std::exception where it holds none.
  static Wisdom load(const std::string& path) {
    std::error_code none;
    const std::uintmax_t size = std::filesystem::file_size(path, none);
    if (none) {
      if (none == std::errc::no_such_file_or_directory || none == std::errc::not_a_directory) return {};
      throw std::runtime_error(none.message());
    }
    if (size > most_bytes) throw std::domain_error(fmt::format("it has {} bytes", size));
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file) throw std::runtime_error("it cannot be read");
    return parse(text);
  }
};

namespace {

/// Where a value stands is the list of names that lead to it; an array has an empty one.
class Reader : public nlohmann::json_sax<Json> {
 public:
  using Times = std::map<std::string, std::map<std::string, Measured, std::less<>>, std::less<>>;

  explicit Reader(std::function<void(const Machine&, const Times&)> found) : found_(std::move(found)) {}

  bool format_known() const { return format_known_; }

  bool start_object(std::size_t) override { return deeper(); }
  bool start_array(std::size_t) override { return deeper(); }
  bool end_array() override { return shallower(); }
  bool end_object() override {
    if (path_.size() == 3 && path_[0] == "machines") {
      if (machine_.cpu.empty() || machine_.target.empty() || machine_.version.empty() || machine_.threads < 1)
        throw std::domain_error("a machine without cpu, target, version or threads");
      found_(machine_, times_);
      machine_ = {.cpu = {}, .target = {}, .version = {}, .threads = 0};
      times_.clear();
    }
    return shallower();
  }
  bool key(string_t& name) override {
    path_.back() = name;
    return true;
  }
  bool string(string_t& value) override {
    if (path_.size() == 1 && path_[0] == "format") format_known_ = value == format;
    if (path_.size() != 3 || path_[0] != "machines") return true;
    if (path_[2] == "cpu") machine_.cpu = value;
    if (path_[2] == "target") machine_.target = value;
    if (path_[2] == "version") machine_.version = value;
    return true;
  }
  bool number_integer(std::int64_t value) override { return number(static_cast<double>(value)); }
  bool number_unsigned(std::uint64_t value) override { return number(static_cast<double>(value)); }
  bool number_float(double value, const string_t&) override { return number(value); }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool parse_error(std::size_t place, const std::string&, const nlohmann::detail::exception&) override {
    throw std::domain_error(fmt::format("no JSON at byte {}", place));
  }

 private:
  bool deeper() {
    constexpr std::size_t deepest = 16;
    if (path_.size() == deepest) throw std::domain_error("too many braces");
    path_.emplace_back();
    return true;
  }
  bool shallower() {
    path_.pop_back();
    return true;
  }
  bool number(double value) {
    if (path_.size() == 3 && path_[2] == "threads") {
      if (!(value >= 1 && value <= 4096)) throw std::domain_error(fmt::format("{} threads", value));
      machine_.threads = static_cast<int>(value);
    }
    if (path_.size() != 6 || path_[2] != "problems") return true;
    if (!(value >= 0) || std::isinf(value)) throw std::domain_error(fmt::format("a time of {} s", value));
    Measured& measured = times_[path_[3]][path_[4]];
    if (path_[5] == "run") measured.run = value;
    if (path_[5] == "pack") measured.pack = value;
    return true;
  }

  std::function<void(const Machine&, const Times&)> found_;
  bool format_known_ = false;
  std::vector<std::string> path_;
  Machine machine_{.cpu = {}, .target = {}, .version = {}, .threads = 0};
  Times times_;
};

}  // namespace

Wisdom WisdomFile::parse(const std::string& text) {
  Wisdom wisdom;
  Reader reader([&](const Machine& machine, const Reader::Times& times) {
    for (const auto& [problem, algorithms] : times)
      for (const auto& [algorithm, time] : algorithms) wisdom.times_[machine][problem][algorithm] = time;
  });
  Json::sax_parse(text, &reader);
  if (!reader.format_known()) throw std::domain_error("another format");
  return wisdom;
}

std::string Wisdom::default_path() {
  if (const char* path = std::getenv("FALTUNG_WISDOM")) return path;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return std::string(cache) + "/faltung/wisdom.json";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? std::string(home) + "/.cache/faltung/wisdom.json" : "";
}

std::vector<std::string> Wisdom::read(const std::string& path) {
  if (path.empty()) return {};
  const Machine here = this_machine(1);  // a wrong FALTUNG_TARGET is not the file's fault
  try {
    const Wisdom file = WisdomFile::load(path);
    WisdomFile::merge(*this, file);
    if (!WisdomFile::speaks_of(file, here))
      return {fmt::format(
          "{}: nothing in it was measured on {} with {} by version {}: it is not used: faltung tune adds to it", path,
          here.cpu, here.target, here.version)};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return {fmt::format("{}: no wisdom, {}: it is not used: remove it, and faltung tune makes another", path,
                        shortened(error.what()))};
  }
  return {};
}

void Wisdom::write(const std::string& path) const {
  if (path.empty()) throw FileError("wisdom: no file to keep it in: set FALTUNG_WISDOM to a path, or HOME to a folder");
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code failed;
  if (!folder.empty()) std::filesystem::create_directories(folder, failed);
  if (failed) fail(folder.string(), "make", failed.value());
  const Lock lock(path + ".lock");
  Wisdom whole;
  try {
    whole = WisdomFile::load(path);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    // damaged, as `read` has said: what is written takes its place
  }
  WisdomFile::merge(whole, *this);
  write_whole(path, WisdomFile::print(whole));
}

}  // namespace faltung
