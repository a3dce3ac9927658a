using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Waggle.Agent.Tests.Cluster;

/// <summary>
/// A ping that runs while something happens. Loss is a gap among the numbers that were answered: what is under way when it is stopped,
/// on a busy machine more than one, is none.
/// </summary>
internal sealed class Pings : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;

    public Pings(TestPod from, string to, string interval)
    {
        _process = from.Start("ping", "-i", interval, to);
        _output = _process.StandardOutput.ReadToEndAsync();
    }

    /// <summary>Ends it.</summary>
    /// <returns>How many were sent, how many answered, and how many before the last answered one were not.</returns>
    public async Task<(int Sent, int Answered, int Lost)> StopAsync()
    {
        using (Process kill = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        string text = await _output;
        HashSet<int> answered = [.. Regex.Matches(text, @"bytes from .* icmp_seq=(\d+) ").Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))];
        Match sent = Regex.Match(text, @"(\d+) packets transmitted");
        return (int.Parse(sent.Groups[1].Value, CultureInfo.InvariantCulture), answered.Count, answered.Count == 0 ? 0 : answered.Max() - answered.Count);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
