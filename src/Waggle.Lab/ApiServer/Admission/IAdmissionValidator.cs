using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>A check of one kind that its schema cannot express. Runs on create and on every change, after defaulting.</summary>
public interface IAdmissionValidator
{
    /// <summary>API group of the kind, e.g. <c>isovalent.com</c>; empty for the core group.</summary>
    string Group { get; }

    string Kind { get; }

    /// <summary>Adds one error per fault, with the path of the field.</summary>
    /// <param name="current">The object as it would be stored.</param>
    /// <param name="previous">The stored object; null on create.</param>
    /// <param name="errors">Receives the faults found.</param>
    void Validate(JsonObject current, JsonObject? previous, FieldErrors errors);
}
