namespace Waggle.Lab.Scenarios;

/// <summary>What a scenario checked, in order; printed as it grows.</summary>
public sealed class ScenarioReport(TextWriter output)
{
    private readonly List<string> _failures = [];

    public int Passed { get; private set; }

    public IReadOnlyList<string> Failures => _failures;

    public bool Succeeded => _failures.Count == 0 && Passed > 0;

    /// <summary>Records one check; <paramref name="detail"/> tells what was seen when it failed.</summary>
    public bool Check(bool holds, string what, string? detail = null)
    {
        if (holds)
        {
            Passed++;
            output.WriteLine($"  ✓ {what}");
            return true;
        }

        _failures.Add(what);
        output.WriteLine($"  ✗ {what}");
        if (detail is not null)
        {
            output.WriteLine("    " + detail.TrimEnd().ReplaceLineEndings("\n    "));
        }

        return false;
    }

    public void Summarise()
    {
        output.WriteLine();
        output.WriteLine($"{Passed} checks passed, {_failures.Count} failed");
        foreach (var failure in _failures)
        {
            output.WriteLine($"  ✗ {failure}");
        }
    }
}
