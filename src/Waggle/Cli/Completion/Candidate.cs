namespace Waggle.Cli;

/// <summary>One completion: the word, and a remark that shells with room for it show beside.</summary>
public readonly record struct Candidate(string Word, string? Remark = null)
{
    public static implicit operator Candidate(string word) => new(word);
}

/// <summary>What a completion source may look at.</summary>
/// <param name="Typed">The unfinished word.</param>
/// <param name="Before">The finished words before it, the tool's name included.</param>
public sealed record CompletionRequest(string Typed, IReadOnlyList<string> Before, HostEnvironment Environment);
