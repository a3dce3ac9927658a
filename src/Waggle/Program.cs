using System.Text;
using Waggle.Cli;
using Waggle.Commands;

// One executable, many names: the name it was started under chooses the tool. The .NET host resolves symbolic links before managed code
// runs, so the name comes from the kernel.
using var terminal = Terminal.Open();
var (tool, prefix) = Tools.ForName(StartedAs());
return (int)await new Host(tool, terminal, HostEnvironment.Current, Failures.Explain).RunAsync([.. prefix, .. args]);

static string StartedAs()
{
    var line = File.ReadAllBytes("/proc/self/cmdline").AsSpan();
    var end = line.IndexOf((byte)0);
    return Path.GetFileName(Encoding.UTF8.GetString(end < 0 ? line : line[..end]));
}
