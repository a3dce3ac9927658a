using System.Text;
using Google.Protobuf;

namespace Waggle.Commands.Hubble.Printing;

/// <summary>
/// Messages as proto3's JSON mapping has them, with the fields' original names, and without spaces: what logs are searched for
/// (<c>"verdict":"DROPPED"</c>) looks as the exporter writes it.
/// </summary>
internal static class ProtoJson
{
    private static readonly JsonFormatter Formatter = new(new JsonFormatter.Settings(formatDefaultValues: false).WithPreserveProtoFieldNames(true));

    public static string Of(IMessage message)
    {
        // The formatter puts spaces around what it writes and cannot be told not to.
        var text = Formatter.Format(message);
        var compact = new StringBuilder(text.Length);
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (quoted && text[i] == '\\')
            {
                compact.Append(text[i++]);
            }
            else if (text[i] == '"')
            {
                quoted = !quoted;
            }
            else if (!quoted && text[i] == ' ')
            {
                continue;
            }

            compact.Append(text[i]);
        }

        return compact.ToString();
    }
}
