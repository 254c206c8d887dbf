// The worker in which a recurrent network is trained.
import { serve } from "../engine/served";
import { RnnTrainer } from "./trainer";

serve({ rnn: (config: ConstructorParameters<typeof RnnTrainer>[0]) => new RnnTrainer(config) } as never);
