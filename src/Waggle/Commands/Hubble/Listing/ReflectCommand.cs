using Google.Protobuf;
using Google.Protobuf.Reflection;
using Waggle.Cli;
using Waggle.Commands.Hubble.Settings;
using Waggle.Hubble.Protocol.ReflectionV1alpha;
using Waggle.Hubble.Rpc;

namespace Waggle.Commands.Hubble.Listing;

/// <summary><c>hubble reflect</c>: the API as the server itself describes it, a definition file in JSON on each line.</summary>
internal static class ReflectCommand
{
    public static Verb Create(HubbleFlags tool) => new("reflect", "Print the definitions of the server's API, as it tells them itself")
    {
        Hidden = true,
        Run = async (call, cancellation) =>
        {
            var settings = HubbleSettings.Read(call, tool);
            using var channel = HubbleConnection.Open(settings);
            var conversation = channel.Duplex(HubbleMethods.ReflectionV1Alpha, settings.Duration("request-timeout"), cancellation);
            await using (conversation.ConfigureAwait(false))
            {
                var answers = conversation.ReadAllAsync().GetAsyncEnumerator(cancellation);
                await using (answers.ConfigureAwait(false))
                {
                    async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request)
                    {
                        await conversation.SendAsync(request).ConfigureAwait(false);
                        return await answers.MoveNextAsync().ConfigureAwait(false) ? answers.Current : throw new RpcException(RpcStatusCode.Internal, "the server ended the conversation");
                    }

                    var printed = new HashSet<string>(StringComparer.Ordinal);
                    foreach (var service in (await AskAsync(new ServerReflectionRequest { ListServices = "" }).ConfigureAwait(false)).ListServicesResponse.Service)
                    {
                        foreach (var bytes in (await AskAsync(new ServerReflectionRequest { FileContainingSymbol = service.Name }).ConfigureAwait(false)).FileDescriptorResponse.FileDescriptorProto)
                        {
                            var file = FileDescriptorProto.Parser.ParseFrom(bytes);
                            if (printed.Add(file.Name))
                            {
                                call.Terminal.Out.Write(JsonFormatter.Default.Format(file) + "\n");
                            }
                        }
                    }
                }

                conversation.CompleteSending();
            }

            return ExitCode.Ok;
        },
    };
}
