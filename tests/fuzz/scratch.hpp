// A folder with one file of each kind that the command reads; the command runs in it. TMPDIR says where it is.
#pragma once

#include "fuzz/expect.hpp"
#include "io/array.hpp"
#include "io/sound.hpp"
#include "unit/scratch_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>

namespace faltung::fuzz {

class Scratch {
 public:
  Scratch() {
    enter();
    io::write_npy("x.npy", {{1, 2, 5, 4}, std::vector<float>(40, 0.5F)});
    io::write_npy("w.npy", {{3, 2, 3, 2}, std::vector<float>(36, 2.0F)});
    io::write_npy("t.npy", {{2, 3, 2, 2}, std::vector<double>(24, -1.0)});
    io::write_npy("k.npy", {{3}, std::vector<std::int64_t>{1, 2, 1}});
    io::write_npy("b.npy", {{3}, std::vector<float>{1, 2, 3}});
    io::write_npy("i.npy", {{7}, std::vector<std::int64_t>{1, -2, 3, 4, 5, 6, 7}});
    io::write_image("p.png", {{{3, 5, 4}, std::vector<float>(60, 99.0F)}, std::vector<std::uint8_t>(20, 128)});
    io::write_image("p.jpg", {{{1, 5, 4}, std::vector<float>(20, 99.0F)}, {}});
    constexpr int pcm_16 = 2;  // libsndfile's SF_FORMAT_PCM_16
    io::SoundWriter sound("s.wav", {8000, pcm_16, true, false}, 2, 6);
    const std::vector<float> samples(12, 0.25F);
    sound.write(samples.data(), 6);
    sound.commit();
    io::write_text("c.txt", "conv1d i5 k2\n");
    for (const auto& entry : std::filesystem::directory_iterator("."))
      files_[entry.path().filename()] = test::bytes_of(entry.path());
    forget();
    leave();
  }

  void enter() const { expect(::chdir(folder_.file("").c_str()) == 0, "the folder is there"); }
  /// Back to where libFuzzer's paths begin.
  void leave() const { expect(::fchdir(outside_) == 0, "so is the folder outside"); }

  /// After a call: nothing is left of one that failed, and the files are as they were.
  void tidy(bool may_write) {
    struct stat folder {};
    ::stat(".", &folder);
    if (folder.st_mtim.tv_sec == 0) return;
    for (const auto& entry : std::filesystem::directory_iterator(".")) {
      const auto known = files_.find(entry.path().filename());
      if (known != files_.end() && test::bytes_of(entry.path()) == known->second) continue;
      expect(may_write, "a call that fails leaves no file");
      if (known == files_.end())
        std::filesystem::remove(entry.path());
      else
        folder_.write(known->first, known->second);
    }
    expect(static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("."), {})) == files_.size(),
           "a call removes no file");
    forget();
  }

 private:
  /// The folder's time says whether anything was made in it; clocks are coarse, so it is set back.
  static void forget() {
    const timespec times[2] = {};
    ::utimensat(AT_FDCWD, ".", times, 0);
  }

  int outside_ = ::open(".", O_RDONLY | O_DIRECTORY);
  test::ScratchFolder folder_;
  std::map<std::string, std::string> files_;
};

}  // namespace faltung::fuzz
