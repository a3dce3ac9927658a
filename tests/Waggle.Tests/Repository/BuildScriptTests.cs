using System.Diagnostics;
using Waggle.Tests.Support;

namespace Waggle.Tests.Repository;

public sealed class BuildScriptTests
{
    [Fact]
    public void BuildProduct_WhoseCompilerServerLivesOn_DoesNotKeepTheNextBuildWaiting()
    {
        using var folder = new TempFolder();
        foreach (var source in (string[])["src", "bench", "bpf", "native", "build", "deploy", "examples", "tools"])
        {
            Directory.CreateDirectory(Path.Combine(folder.Path, source));
        }

        // A compiler that leaves a server behind, as dotnet's does, with whatever descriptors it was given.
        File.WriteAllText(Path.Combine(folder.Path, "dotnet"), "#!/bin/sh\nsleep 300 >/dev/null 2>&1 & echo $! >\"$ROOT/server\"\n");
        File.SetUnixFileMode(Path.Combine(folder.Path, "dotnet"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            var script = Path.Combine(SourceTree.Root, "build", "build.sh");
            Assert.Equal(0, Bash(folder.Path, $"root=$ROOT; say() {{ :; }}; . '{script}'; build_product && flock --timeout 30 artifacts/build.lock true"));
        }
        finally
        {
            Bash(folder.Path, "kill \"$(cat server)\"");
        }
    }

    private static int Bash(string folder, string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = folder };
        start.Environment["ROOT"] = folder;
        start.Environment["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}";
        using var bash = Process.Start(start)!;
        bash.WaitForExit();
        return bash.ExitCode;
    }
}
