namespace Waggle.Hubble.Filters;

/// <summary>A value of a filter makes no sense. The message starts with the field's name.</summary>
public sealed class FilterException(string field, string problem, Exception? inner = null) : Exception($"{field}: {problem}", inner)
{
    /// <summary>Name of the field, as in the protobuf definition.</summary>
    public string Field { get; } = field;
}
