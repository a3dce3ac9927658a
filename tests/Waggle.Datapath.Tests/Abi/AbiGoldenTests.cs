namespace Waggle.Datapath.Tests.Abi;

/// <summary>Holds bpf/abi against the committed <c>bpf/abi/abi.golden</c>.</summary>
public class AbiGoldenTests
{
    private const string UpdateVariable = "WAGGLE_UPDATE_GOLDEN";
    private const string HowToUpdate = $"{UpdateVariable}=1 ./waggle test Datapath -- -class '*AbiGoldenTests'";

    private static string GoldenFile
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "Waggle.slnx")))
            {
                folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests must run from inside a checkout");
            }

            return Path.Combine(folder, "bpf", "abi", "abi.golden");
        }
    }

    [Fact]
    public void Abi_OfThisBuild_IsTheFrozenOneOrAnAllowedChangeWrittenDown()
    {
        var now = FrozenAbi.OfThisBuild();
        var update = Environment.GetEnvironmentVariable(UpdateVariable) is { Length: > 0 };
        var golden = File.Exists(GoldenFile) ? File.ReadAllText(GoldenFile) : "";
        var violations = AbiRulesOfChange.Violations(FrozenAbi.Parse(golden), now).ToList();
        Assert.True(violations.Count == 0, $"""
            bpf/abi changed in a way that running nodes cannot follow:
            - {string.Join("\n- ", violations)}
            (Only for a type that no landed version ever used: delete its section from bpf/abi/abi.golden by hand, then run {HowToUpdate})
            """);
        if (update)
        {
            File.WriteAllText(GoldenFile, now.Write());
            return;
        }

        var written = now.Write();
        if (golden == written)
        {
            return;
        }

        Assert.Fail($"""
            bpf/abi changed in an allowed way (something was added, or a version raised), but bpf/abi/abi.golden does not say so yet.
            Write it down and commit the difference: {HowToUpdate}
            First difference: {FirstDifference(golden, written)}
            """);
    }

    [Fact]
    public void Golden_WrittenAndRead_IsTheSame()
    {
        var text = FrozenAbi.OfThisBuild().Write();
        Assert.Equal(text, FrozenAbi.Parse(text).Write());
    }

    [Theory]
    [InlineData("  8 8 u64 bytes", "  8 4 u32 bytes", "map rows: struct row: field bytes at offset 8 is u32, expected u64*version 2*rows-v2")]
    [InlineData("  4 4 u32 pad", "  4 2 u16 half", "struct state: field pad (offset 4) is missing")]
    [InlineData("  0 4 u32 revision", "  0 4 u32 version", "struct state: field revision (offset 0) is missing")]
    [InlineData("map rows v1 Hash", "map rows v1 LruHash", "it was a Hash and is a LruHash now")]
    [InlineData("map rows v1 Hash u32 row", "map rows v1 Hash u64 row", "its key was u32 and is u64 now")]
    [InlineData("  2 COLOUR_BLUE", "  3 COLOUR_BLUE", "COLOUR_BLUE was 2 and is 3 now")]
    [InlineData("  1 COLOUR_RED\n", "", "COLOUR_RED = 1 is gone")]
    [InlineData("  0 4 u32 reason", "  0 2 u16 reason", "raise EVENT_VERSION")]
    public void Violations_OfAForbiddenChange_SayWhatToDo(string from, string to, string expected)
    {
        var changed = Sample.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(Sample, changed);
        var violation = Assert.Single(AbiRulesOfChange.Violations(FrozenAbi.Parse(Sample), FrozenAbi.Parse(changed)));
        Assert.All(expected.Split('*'), part => Assert.Contains(part, violation));
    }

    [Theory]
    [InlineData("  2 COLOUR_BLUE\n", "  2 COLOUR_BLUE\n  3 COLOUR_GREEN\n")]
    [InlineData("  4 4 u32 pad", "  4 4 u32 sequence")]
    [InlineData("map rows v1 Hash u32 row", "map rows v2 LruHash u64 row")]
    [InlineData("map rows v1 Hash u32 row\n", "")]
    [InlineData("  1 ABI_EVENT_VERSION\n\nstruct drop_event 4\n  0 4 u32 reason", "  2 ABI_EVENT_VERSION\n\nstruct drop_event 4\n  0 2 u16 reason")]
    public void Violations_OfAnAllowedChange_AreNone(string from, string to)
    {
        var changed = Sample.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(Sample, changed);
        Assert.Empty(AbiRulesOfChange.Violations(FrozenAbi.Parse(Sample), FrozenAbi.Parse(changed)));
    }

    private static string FirstDifference(string before, string now)
    {
        var (a, b) = (before.Split('\n'), now.Split('\n'));
        var line = Enumerable.Range(0, Math.Max(a.Length, b.Length)).First(i => a.ElementAtOrDefault(i) != b.ElementAtOrDefault(i));
        return $"line {line + 1}: \"{a.ElementAtOrDefault(line)}\" is now \"{b.ElementAtOrDefault(line)}\"";
    }

    private const string Sample = """
        enum colour
          1 COLOUR_RED
          2 COLOUR_BLUE

        enum abi_constants
          1 ABI_EVENT_VERSION

        struct drop_event 4
          0 4 u32 reason

        struct row 16
          0 8 u64 packets
          8 8 u64 bytes

        struct state 8
          0 4 u32 revision
          4 4 u32 pad

        map rows v1 Hash u32 row
        map state v1 Array u32 state

        """;
}
