using Waggle.Policy.Rules;

namespace Waggle.Policy.Compile;

/// <summary>What a table is compiled from.</summary>
/// <param name="Sections">All sections of the rules that apply, in the direction.</param>
/// <param name="SubjectPorts">What port names mean for the subject; empty where no rule names one.</param>
internal sealed record TableSource(ResolvedSection[] Sections, NamedPort[] SubjectPorts);

/// <summary>Subjects with equal keys share a table.</summary>
/// <param name="Direction">Of the table.</param>
/// <param name="Deny">Default deny in force.</param>
/// <param name="DenyInShadow">Default deny with the policies on trial.</param>
/// <param name="Rules">Serials of the rules that apply.</param>
/// <param name="SubjectPorts">What port names mean.</param>
internal sealed record TableKey(Direction Direction, bool Deny, bool DenyInShadow, string Rules, string SubjectPorts);
