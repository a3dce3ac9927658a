using System.Text.RegularExpressions;

namespace Waggle.Bpf;

/// <summary>Finds the one line of a verifier log that a human wants.</summary>
internal static partial class VerifierLog
{
    private const string Begin = "-- BEGIN PROG LOAD LOG --";
    private const string End = "-- END PROG LOAD LOG --";

    /// <summary>The name of the failing program and the summary of its log; null when the text holds no program log.</summary>
    internal static (string Program, string Summary)? Summarise(string libbpfOutput)
    {
        var begin = libbpfOutput.LastIndexOf(Begin, StringComparison.Ordinal);
        if (begin < 0)
        {
            return null;
        }

        var lineStart = libbpfOutput.LastIndexOf('\n', begin) + 1;
        var program = ProgramName().Match(libbpfOutput[lineStart..begin]);
        var end = libbpfOutput.IndexOf(End, begin, StringComparison.Ordinal);
        var body = libbpfOutput[(begin + Begin.Length)..(end < 0 ? libbpfOutput.Length : end)];
        return (program.Success ? program.Groups[1].Value : "?", SummariseBody(body));
    }

    internal static string SummariseBody(string body)
    {
        string? complaint = null;
        string? source = null;
        var lines = body.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        for (var i = lines.Length - 1; i >= 0; i--)
        {
            var line = lines[i];
            if (complaint is null)
            {
                // Statistics and the libbpf prefix of the END marker follow the complaint.
                if (!Trailer().IsMatch(line))
                {
                    complaint = line;
                }
            }
            else if (line.StartsWith("; ", StringComparison.Ordinal))
            {
                source = line[2..];
                break;
            }
        }

        complaint ??= "the verifier gave no reason";
        return source is null ? complaint : $"{complaint} (at: {source})";
    }

    [GeneratedRegex("prog '([^']+)'")]
    private static partial Regex ProgramName();

    [GeneratedRegex(@"^(processed \d+ insns|verification time|stack depth|libbpf:|insns processed|arg tracking)")]
    private static partial Regex Trailer();
}
